//! Which file of a folder is meant.

use std::path::{Path, PathBuf};

/// The file for a folder that has a name of its own.
pub const ANY_NAME: &str = "micro.mu";

/// A file's name and text.
pub fn read(path: &Path) -> Result<(String, String), String> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {name}: {error}"))?;
    Ok((name, text))
}

/// The file of the service in a folder, if there is one.
pub fn choose(folder: &Path, service: Option<&str>) -> Result<Option<PathBuf>, String> {
    let listed =
        std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = listed
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mu") && path.is_file())
        .collect();
    files.sort();
    let of_folder = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let preferred = service.map(str::to_owned).into_iter().chain(of_folder);
    let preferred: Vec<String> = preferred
        .map(|name| format!("{name}.mu"))
        .chain([ANY_NAME.to_owned()])
        .collect();
    let named = preferred.iter().find_map(|name| {
        files
            .iter()
            .find(|path| path.file_name().is_some_and(|file| file == name.as_str()))
    });
    match (named, files.as_slice()) {
        (Some(named), _) => Ok(Some(named.clone())),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, several) => Err(ambiguous(several)),
    }
}

fn ambiguous(files: &[PathBuf]) -> String {
    let names: Vec<String> = files
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    format!(
        "More than one .mu file found ({}): call the service's own {ANY_NAME}",
        names.join(", ")
    )
}
