//! Files and folders that are their owner's alone: 0600 and 0700, whatever the umask says, and whoever made them before.
//!
//! Its one rule: a mode is given by the call that creates, so that there is no moment at which others may look, and set again
//! after it, because a umask takes bits away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Opens a file, which is its owner's alone afterwards. Whether it may be created is for `options` to say.
pub fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, modes::FILE);
    let file = options.open(path)?;
    #[cfg(unix)]
    modes::set(&file, modes::FILE)?;
    Ok(file)
}

/// Makes a folder. The one above it must be there.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, modes::FOLDER);
    builder.create(path)?;
    mend(path).map(drop)
}

/// Takes what is there away from others. Returns whether they could have had it; what is not there is nobody's.
pub fn mend(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        // Where a link leads may be somebody else's business.
        Ok(found) if found.is_symlink() => Ok(false),
        #[cfg(unix)]
        Ok(found) => {
            let wanted = if found.is_dir() { modes::FOLDER } else { modes::FILE };
            let had = modes::of(&found);
            if had != wanted {
                fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(wanted))?;
            }
            Ok(had & 0o077 != 0)
        }
        #[cfg(not(unix))]
        Ok(_) => Ok(false),
    }
}

/// Mends all that lies in a folder, and the folder last: while it is open to others, another run has work to do. Returns how
/// many files and folders were open to others. A folder that is closed is not looked into: nobody gets past it.
pub fn mend_tree(root: &Path) -> io::Result<usize> {
    #[cfg(unix)]
    if fs::metadata(root).is_ok_and(|found| modes::of(&found) == modes::FOLDER) {
        return Ok(0);
    }
    let mut mended = 0;
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        // Told of the entry itself: a link is not followed.
        mended += match entry.file_type()?.is_dir() {
            true => mend_all(&entry.path())?,
            false => usize::from(mend(&entry.path())?),
        };
    }
    Ok(mended + usize::from(mend(root)?))
}

fn mend_all(folder: &Path) -> io::Result<usize> {
    let mut mended = usize::from(mend(folder)?);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        mended += match entry.file_type()?.is_dir() {
            true => mend_all(&entry.path())?,
            false => usize::from(mend(&entry.path())?),
        };
    }
    Ok(mended)
}

#[cfg(unix)]
mod modes {
    use std::fs::{File, Metadata};
    use std::os::unix::fs::PermissionsExt;

    pub(super) const FILE: u32 = 0o600;
    pub(super) const FOLDER: u32 = 0o700;

    pub(super) fn of(found: &Metadata) -> u32 {
        found.permissions().mode() & 0o777
    }

    pub(super) fn set(file: &File, mode: u32) -> std::io::Result<()> {
        let found = file.metadata()?;
        if of(&found) == mode { Ok(()) } else { file.set_permissions(PermissionsExt::from_mode(mode)) }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn widen(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_or_opened_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (file, folder) = (dir.path().join("file"), dir.path().join("folder"));
        make_folder(&folder).unwrap();
        open(File::options().write(true).create(true), &file).unwrap();
        assert_eq!((mode(&file), mode(&folder)), (0o600, 0o700));
        widen(&file, 0o644);
        open(File::options().write(true), &file).unwrap();
        assert_eq!(mode(&file), 0o600);
        assert!(!file.with_extension("other").exists());
    }

    #[test]
    fn a_tree_is_mended_once_and_links_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (root, elsewhere) = (dir.path().join("root"), dir.path().join("elsewhere"));
        fs::create_dir_all(root.join("1/hash")).unwrap();
        fs::write(root.join("1/hash/version"), "x").unwrap();
        fs::write(&elsewhere, "x").unwrap();
        std::os::unix::fs::symlink(&elsewhere, root.join("link")).unwrap();
        for folder in ["", "1", "1/hash"] {
            widen(&root.join(folder), 0o755);
        }
        for file in [root.join("1/hash/version"), elsewhere.clone()] {
            widen(&file, 0o644);
        }
        assert_eq!(mend_tree(&root).unwrap(), 4);
        assert_eq!([mode(&root), mode(&root.join("1")), mode(&root.join("1/hash"))], [0o700; 3]);
        assert_eq!((mode(&root.join("1/hash/version")), mode(&elsewhere)), (0o600, 0o644));
        assert_eq!(mend_tree(&root).unwrap(), 0);
        // Narrower is not what its owner wants either, and nobody else had it.
        widen(&root, 0o500);
        assert_eq!((mend_tree(&root).unwrap(), mode(&root)), (0, 0o700));
        assert!(!mend(&root.join("nothing")).unwrap());
    }
}
