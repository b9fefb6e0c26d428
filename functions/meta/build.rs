//! Packs what `/docs` and `/openapi.json` serve: the files of Swagger UI that the page names, and the API documents.
//! Unpacked and complete, they would be a third of the function.

use std::{
    borrow::Cow,
    env, fs,
    io::{Cursor, Error, Read, Write},
    path::PathBuf,
};

use flate2::{Compression, write::GzEncoder};
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

const DOCUMENTS: &str = "../../docs/openapi";
const FILES: [&str; 3] = ["favicon-32x32.png", "swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={DOCUMENTS}");
    for dialect in ["a", "b", "c", "d", "e"] {
        let file = format!("{dialect}.json");
        pack(&file, &fs::read(PathBuf::from(DOCUMENTS).join(&file))?)?;
    }

    let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for file in FILES {
        let is_it =
            |name: &Cow<'_, str>| name.ends_with(&format!("/dist/{file}")) && !name.contains("/flavors/");
        let name = release.file_names().flatten().find(is_it).map(Cow::into_owned);
        let name = name.ok_or_else(|| Error::other(format!("Swagger UI has no {file}")))?;
        let mut content = Vec::new();
        release.by_name(&name)?.read_to_end(&mut content)?;
        pack(file, &content)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its directory only this way")]
fn pack(name: &str, content: &[u8]) -> Result<(), Error> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(format!("{name}.gz"));
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(content)?;
    fs::write(out, packed.finish()?)
}
