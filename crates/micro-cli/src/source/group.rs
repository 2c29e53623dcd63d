//! A folder with several services in it.

use std::fs;
use std::path::{Path, PathBuf};

use micro::runtime::definition::Listing;

use super::{SKIPPED, Source, definition};
use crate::errors::{Failure, Result};

/// The services of a folder, in the order of its `micro.mu`, or else of the names of their folders.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Where they are, as the user said it.
    pub folder: PathBuf,
    /// The same from the root of the disk.
    pub place: PathBuf,
    /// At least one.
    pub services: Vec<Source>,
}

impl Group {
    /// Looks for the services below a folder; `None` where it is a service itself, or nothing of the kind.
    pub(crate) fn find(folder: &Path) -> Result<Option<Self>> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let listing = Listing::find(folder).map_err(|text| Failure::new(1, text))?;
        let services = match listing {
            Some(listing) => listed(folder, &listing)?,
            None if is_service(folder) => return Ok(None),
            None => children(folder)?,
        };
        if services.is_empty() {
            return Ok(None);
        }
        refuse_namesakes(&services)?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            place: folder.canonicalize()?,
            services,
        }))
    }

    /// The same as its folder is now. Here it may have no services left, since more may come.
    pub(crate) fn again(&self) -> Result<Self> {
        let now = Self::find(&self.folder)?;
        Ok(now.unwrap_or_else(|| Self {
            folder: self.folder.clone(),
            place: self.place.clone(),
            services: Vec::new(),
        }))
    }
}

/// The services that a `micro.mu` names. What it says comes on top of what their own files say.
fn listed(folder: &Path, listing: &Listing) -> Result<Vec<Source>> {
    let find = |listed: &micro::runtime::definition::Listed| {
        let mut source = member(&folder.join(&listed.path), Some(&listed.name))?;
        let known = &mut source.definition;
        for name in &listed.depends {
            if !known.depends.contains(name) {
                known.depends.push(name.clone());
            }
        }
        for (environment, variables) in &listing.environments.0 {
            let own = known.environments.0.entry(environment.clone()).or_default();
            own.extend(variables.iter().cloned());
        }
        Ok(source)
    };
    listing.services.iter().map(find).collect()
}

fn children(folder: &Path) -> Result<Vec<Source>> {
    let mut children: Vec<PathBuf> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| !is_hidden(path) && path.is_dir() && is_service(path))
        .collect();
    children.sort();
    children.iter().map(|child| member(child, None)).collect()
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || SKIPPED.contains(&name.as_ref())
}

/// Whether a folder has a definition, or a package with a program.
fn is_service(folder: &Path) -> bool {
    let has_definition = fs::read_dir(folder).is_ok_and(|entries| {
        let mut paths = entries.flatten().map(|entry| entry.path());
        paths.any(|path| path.extension().is_some_and(|extension| extension == "mu") && path.is_file())
    });
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let has_program = ["main.rs", "src/main.rs"]
        .iter()
        .any(|file| folder.join(file).is_file())
        || manifest.contains("[[bin]]");
    has_definition || (manifest.contains("[package]") && has_program)
}

fn member(folder: &Path, listed: Option<&str>) -> Result<Source> {
    let within = |failure: Failure| Failure {
        text: format!("in {}: {}", folder.display(), failure.text),
        ..failure
    };
    let mut source = Source::of_folder(folder, listed, false).map_err(within)?;
    let Some(listed) = listed else { return Ok(source) };
    let has_name = definition(folder, Some(listed)).map_err(within)?.is_some();
    if has_name && source.name != listed {
        let text = format!(
            "micro.mu calls the service in {} {listed}, but its own file calls it {}",
            folder.display(),
            source.name
        );
        return Err(Failure::new(1, text).with_hint("give it the same name in both"));
    }
    listed.clone_into(&mut source.name);
    Ok(source)
}

fn refuse_namesakes(services: &[Source]) -> Result<()> {
    for (at, one) in services.iter().enumerate() {
        if services[..at].iter().any(|other| other.name == one.name) {
            let text = format!("two services in this folder are called {}", one.name);
            return Err(Failure::new(1, text).with_hint("give one of them another name in its .mu file"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::service as folder;

    fn names(folder: &Path) -> Option<Vec<String>> {
        let group = Group::find(folder).unwrap();
        group.map(|group| group.services.into_iter().map(|service| service.name).collect())
    }

    #[test]
    fn services_are_found_below_a_folder() {
        let program = "[package]\nname = 'x'\n";
        let all = folder(&[
            ("Cargo.toml", "[workspace]"),
            ("README.md", ""),
            ("shop/shop.mu", "service shop\n  command x\n"),
            ("mail/any.mu", "service email\n  command x\n"),
            ("user/Cargo.toml", program),
            ("user/main.rs", ""),
            ("library/Cargo.toml", program),
            ("library/src/lib.rs", ""),
            ("node_modules/x/x.mu", "service x\n"),
            (".hidden/x.mu", "service x\n"),
            ("docs/index.md", ""),
        ]);
        let found = names(all.path()).unwrap();
        assert_eq!(found, ["email", "shop", "user"]);
        assert_eq!(names(&all.path().join("shop")), None);
        assert_eq!(names(&all.path().join("user")), None);
        assert_eq!(names(&all.path().join("docs")), None);
        assert_eq!(names(&all.path().join("nothere")), None);
    }

    #[test]
    fn a_list_says_which_and_adds_to_their_own_files() {
        let all = folder(&[
            (
                "micro.mu",
                "service b\n  path services/one\n  depends a\nservice a\n  path a\nenv local\n  LEVEL list\n",
            ),
            (
                "services/one/b.mu",
                "service b\n  command x\n  depends a c\nenv local\n  LEVEL own\n  CITY Rome\n",
            ),
            ("a/a.mu", "service a\n  command x\n"),
            ("c/c.mu", "service c\n  command x\n"),
        ]);
        assert_eq!(names(all.path()).unwrap(), ["b", "a"]);
        let group = Group::find(all.path()).unwrap().unwrap();
        assert!(group.services[0].given.ends_with("/services/one"));
        let b = &group.services[0].definition;
        assert_eq!(b.depends, ["a", "c"]);
        let values: Vec<&str> = b
            .environments
            .of("local")
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(
            values,
            ["own", "Rome", "list"],
            "the last one for a name is meant"
        );
    }

    #[test]
    fn mistakes_say_where() {
        for (files, part) in [
            (
                vec![("a/x.mu", "service a\n  comand x\n")],
                "/a: x.mu:2:3: a service has no property comand",
            ),
            (
                vec![
                    ("a/x.mu", "service x\n  command x\n"),
                    ("b/x.mu", "service x\n  command x\n"),
                ],
                "two services in this folder are called x",
            ),
            (
                vec![
                    ("micro.mu", "service a\n  path b\n"),
                    ("b/x.mu", "service b\n  command x\n"),
                ],
                "but its own file calls it b",
            ),
            (vec![("micro.mu", "service a\n  path nothere\n")], "no service at"),
            (
                vec![("micro.mu", "service a\n  path b\n  command x\n")],
                "micro.mu:3:3: a list of services does not say command",
            ),
        ] {
            let failure = Group::find(folder(&files).path()).unwrap_err();
            assert!(failure.text.contains(part), "{failure}");
        }
    }
}
