//! Files: their names, packages and options.

use prost_types::FileOptions;

use super::declarations::{Declarations, Source};
use super::{Report, Rule};

/// An option: its rule, its name, its number in `FileOptions`, and what it is set to.
type FileOption = (Rule, &'static str, i32, fn(&FileOptions) -> String);

/// Those that generators derive names from; unset is the same as set to the default.
const OPTIONS: &[FileOption] = &[
    (Rule::FileSameCcEnableArenas, "cc_enable_arenas", 31, |it| {
        it.cc_enable_arenas().to_string()
    }),
    (Rule::FileSameCcGenericServices, "cc_generic_services", 16, |it| {
        it.cc_generic_services().to_string()
    }),
    (Rule::FileSameCsharpNamespace, "csharp_namespace", 37, |it| {
        it.csharp_namespace().to_owned()
    }),
    (Rule::FileSameGoPackage, "go_package", 11, |it| {
        it.go_package().to_owned()
    }),
    (
        Rule::FileSameJavaGenericServices,
        "java_generic_services",
        17,
        |it| it.java_generic_services().to_string(),
    ),
    (Rule::FileSameJavaMultipleFiles, "java_multiple_files", 10, |it| {
        it.java_multiple_files().to_string()
    }),
    (
        Rule::FileSameJavaOuterClassname,
        "java_outer_classname",
        8,
        |it| it.java_outer_classname().to_owned(),
    ),
    (Rule::FileSameJavaPackage, "java_package", 1, |it| {
        it.java_package().to_owned()
    }),
    (Rule::FileSameObjcClassPrefix, "objc_class_prefix", 36, |it| {
        it.objc_class_prefix().to_owned()
    }),
    (Rule::FileSameOptimizeFor, "optimize_for", 9, |it| {
        it.optimize_for().as_str_name().to_owned()
    }),
    (Rule::FileSamePhpClassPrefix, "php_class_prefix", 40, |it| {
        it.php_class_prefix().to_owned()
    }),
    (
        Rule::FileSamePhpMetadataNamespace,
        "php_metadata_namespace",
        44,
        |it| it.php_metadata_namespace().to_owned(),
    ),
    (Rule::FileSamePhpNamespace, "php_namespace", 41, |it| {
        it.php_namespace().to_owned()
    }),
    (Rule::FileSamePyGenericServices, "py_generic_services", 18, |it| {
        it.py_generic_services().to_string()
    }),
    (Rule::FileSameRubyPackage, "ruby_package", 45, |it| {
        it.ruby_package().to_owned()
    }),
    (Rule::FileSameSwiftPrefix, "swift_prefix", 39, |it| {
        it.swift_prefix().to_owned()
    }),
];

pub fn compare(report: &mut Report, old: &Declarations<'_>, new: &Declarations<'_>) {
    for (name, old) in old.sources.iter().filter(|(_, source)| source.is_target) {
        match new.sources.get(name) {
            Some(new) => compare_sources(report, old, new),
            None => report.add(
                Rule::FileNoDelete,
                old.place(&[12]),
                format!("file {name} was removed"),
                "keep it, and mark what it declares with `option deprecated = true;`",
            ),
        }
    }
}

fn compare_sources(report: &mut Report, old: &Source<'_>, new: &Source<'_>) {
    let changed = |what: &str, old: &str, new: &str| format!("{what} changed from {old:?} to {new:?}");
    let (old_package, new_package) = (old.file.package(), new.file.package());
    if old_package != new_package {
        report.add(
            Rule::FileSamePackage,
            where_set(old, new, &[2]),
            changed("the package", old_package, new_package),
            "give it its old name back, since all types and calls of the file go by it",
        );
    }
    let (old_syntax, new_syntax) = (syntax(old), syntax(new));
    if old_syntax != new_syntax {
        report.add(
            Rule::FileSameSyntax,
            where_set(old, new, &[12]),
            changed("the syntax", old_syntax, new_syntax),
            "keep the old one, since other code is generated for the same declarations",
        );
    }
    let defaults = FileOptions::default();
    let (old_options, new_options) = (old.file.options.as_ref(), new.file.options.as_ref());
    for (rule, name, number, value) in OPTIONS {
        let before = value(old_options.unwrap_or(&defaults));
        let after = value(new_options.unwrap_or(&defaults));
        if before != after {
            report.add(
                *rule,
                where_set(old, new, &[8, *number]),
                changed(&format!("option {name}"), &before, &after),
                "set it as before, since generated code goes by it",
            );
        }
    }
}

fn syntax<'a>(source: &'a Source<'_>) -> &'a str {
    match source.file.syntax() {
        "" => "proto2",
        syntax => syntax,
    }
}

/// In the new file, else in the old one, whichever says it.
fn where_set(old: &Source<'_>, new: &Source<'_>, path: &[i32]) -> super::Place {
    if new.says(path) || !old.says(path) {
        new.place(path)
    } else {
        old.place(path)
    }
}
