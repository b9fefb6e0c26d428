//! The inputs that fuzzing kept, through the properties that it looks for: `fuzz/corpus` under a plain `cargo test`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use properties::{House, PROPERTIES, Property};

/// What a corpus may grow to: it runs with every test.
const FILES: usize = 60;
const BYTES: u64 = 100 * 1024;

static HOUSE: LazyLock<House> =
    LazyLock::new(|| House::new(local_host::router().into(), &local_host::api_documents()));

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn names<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> BTreeSet<String> {
    files.into_iter().map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn what_fuzzing_kept_holds() {
    for (target, property) in PROPERTIES {
        for file in files(&fuzz().join("corpus").join(target)) {
            let input = fs::read(&file).unwrap();
            let held = std::panic::catch_unwind(|| match property {
                Property::Pure(property) => property(&input),
                Property::House(property) => property(&HOUSE, &input),
            });
            assert!(held.is_ok(), "{}", file.display());
        }
    }
}

#[test]
fn every_property_has_a_target_and_a_small_corpus() {
    let properties: BTreeSet<_> = PROPERTIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&files(&fuzz().join("targets"))), properties);
    assert_eq!(names(&files(&fuzz().join("corpus"))), properties);
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    let listed =
        manifest.lines().filter_map(|line| line.strip_prefix("path = \"targets/")?.strip_suffix(".rs\""));
    assert_eq!(listed.map(str::to_owned).collect::<BTreeSet<_>>(), properties);
    for name in properties {
        let source = fs::read_to_string(fuzz().join(format!("targets/{name}.rs"))).unwrap();
        assert_eq!(source, target(&name), "the target {name} is not its one call");
        let corpus = files(&fuzz().join("corpus").join(&name));
        let bytes: u64 = corpus.iter().map(|file| file.metadata().unwrap().len()).sum();
        assert!(
            (1..=FILES).contains(&corpus.len()),
            "{name}: {} inputs, `infra/fuzz.sh --small`",
            corpus.len()
        );
        assert!(bytes <= BYTES, "{name}: {bytes} bytes");
    }
}

/// What a target is, whole: CI does not compile them, because that would be the whole house once more, in another way. The
/// house that one looks at is made as the one here.
fn target(name: &str) -> String {
    let property = PROPERTIES.iter().find(|(property, _)| *property == name).map(|(_, property)| property);
    let own = include_str!("fuzzed.rs");
    let made = &own[own.find("static HOUSE").unwrap()..];
    let made = &made[..=made.find(';').unwrap()];
    match property.unwrap() {
        Property::Pure(_) => format!(
            "#![no_main]\n\nuse libfuzzer_sys::fuzz_target;\n\nfuzz_target!(|data: &[u8]| properties::{name}(data));\n"
        ),
        Property::House(_) => format!(
            "#![no_main]\n\nuse std::sync::LazyLock;\n\nuse libfuzzer_sys::fuzz_target;\nuse properties::House;\n\n\
             {made}\n\nfuzz_target!(|data: &[u8]| properties::{name}(&HOUSE, data));\n"
        ),
    }
}
