//! What lies on the disk, and what is left of a write that was cut short.

use super::*;
use crate::clock::{FixedClock, SystemClock};
use crate::tenant::TenantId;

crate::blobs_conformance!(in_memory, async { ((), MemoryBlobs::new(Arc::new(FixedClock::at(Millis(5))))) });
crate::blobs_conformance!(on_disk, async { on_disk() });

fn on_disk() -> (tempfile::TempDir, DiskBlobs) {
    let dir = tempfile::tempdir().unwrap();
    let blobs = DiskBlobs::open(dir.path(), Arc::new(SystemClock)).unwrap();
    (dir, blobs)
}

#[tokio::test]
async fn versions_stay_in_order_when_the_clock_is_set_back() {
    let clock = Arc::new(FixedClock::at(Millis(2_000_000_000_000)));
    let versions = Versions::new(clock.clone());
    let mut names = vec![versions.next().unwrap(), versions.next().unwrap()];
    clock.advance(Duration::from_millis(1));
    names.push(versions.next().unwrap());
    names.push(Versions { clock: Arc::new(FixedClock::at(Millis(0))), ..versions }.next().unwrap());
    assert!(names.is_sorted(), "{names:?}");
}

#[tokio::test]
async fn blobs_are_there_after_reopening_and_nothing_temporary_is() {
    let (dir, blobs) = on_disk();
    let key = BlobKey::of(TenantId(1), "a");
    let version = blobs.put(&key, "text/plain", Bytes::from_static(b"body")).await.unwrap();
    let again = DiskBlobs::open(dir.path(), Arc::new(SystemClock)).unwrap();
    assert_eq!(again.get(&key, Some(&version)).await.unwrap().unwrap(), "body");
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
    blobs.delete(&key).await.unwrap();
    assert_eq!(
        fs::read_dir(dir.path().join("1")).unwrap().count(),
        0,
        "the folder goes with the last version"
    );
}

#[tokio::test]
async fn half_a_body_leaves_nothing_behind() {
    let (dir, blobs) = on_disk();
    let mut pieces = blobs.begin(&BlobKey::of(TenantId(1), "a"), "text/plain");
    pieces.add(Bytes::from(vec![0; 600_000])).await.unwrap();
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 1, "it is not kept in memory");
    drop(pieces);
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn only_abandoned_files_are_cleared() {
    let dir = tempfile::tempdir().unwrap();
    DiskBlobs::open(dir.path(), Arc::new(SystemClock)).unwrap();
    let left = dir.path().join("tmp/left");
    fs::write(&left, "half a bo").unwrap();
    DiskBlobs::open(dir.path(), Arc::new(SystemClock)).unwrap();
    assert!(left.exists(), "it may belong to another process");
    let tomorrow = SystemClock.now().plus(2 * ABANDONED);
    DiskBlobs::open(dir.path(), Arc::new(FixedClock::at(tomorrow))).unwrap();
    assert!(!left.exists());
}

#[tokio::test]
async fn a_version_is_never_taken_for_a_path() {
    let (dir, blobs) = on_disk();
    fs::write(dir.path().join("secret"), "x").unwrap();
    let key = BlobKey::of(TenantId(1), "a");
    blobs.put(&key, "text/plain", Bytes::new()).await.unwrap();
    for version in ["../../secret", "/etc/hostname", "", ".", "..", "\0"] {
        assert_eq!(blobs.get(&key, Some(version)).await.unwrap(), None);
    }
    assert!(dir.path().join("secret").exists());
}
