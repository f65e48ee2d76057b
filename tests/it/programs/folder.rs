//! What programs make.

use std::fs;

use jobboard::job::Made;

use super::{Place, failed, files};

#[tokio::test]
async fn files_that_it_makes_are_kept_beside_its_output() {
    let place = Place::new();
    let folder = place.path("folder");
    fs::create_dir_all(folder.join("out")).unwrap();
    fs::write(folder.join("out/old.png"), "old").unwrap();
    fs::write(place.path("secret"), "secret").unwrap();
    // The clock of files goes in steps.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let mut program = place.script(
        "echo making; head -c 3000 /dev/zero; mkdir -p out/deep; echo one > out/a.png; printf two > out/deep/b.png
         ln -s ../../secret out/c.png; mkfifo out/d.png; head -c 2000 /dev/zero > out/large.png; echo > out/other.txt",
    );
    program.folder = Some(folder);
    program.files = Some(files(&["out/**/*.png"], 1_000));
    let printed = place.run(program).await.unwrap();
    let made: Vec<_> =
        printed.made.iter().map(|Made { name, kept }| (name.as_str(), place.read(kept))).collect();
    assert_eq!(made, [("a.png", b"one\n".to_vec()), ("b.png", b"two".to_vec())]);
    assert_eq!(printed.left_out, 1, "the large one");
    assert_eq!(place.read(&printed.file.unwrap()).len(), 3_007);
    assert_eq!(place.names("results"), ["-7-3.out"]);
}

#[tokio::test]
async fn a_failure_sends_none() {
    let place = Place::new();
    let mut program = place.script("echo > a.png; exit 1");
    program.files = Some(files(&["*"], 1_000));
    let failure = failed(place.run(program.clone()).await);
    assert!(failure.printed.made.is_empty());
    assert!(place.names("results").is_empty());
}

#[tokio::test]
async fn files_alone() {
    let place = Place::new();
    let mut program = place.script("echo > a.png");
    program.files = Some(files(&["*"], 1_000));
    let printed = place.run(program).await.unwrap();
    assert_eq!((printed.file, printed.made.len()), (None, 1));
    assert_eq!(place.read(&printed.made[0].kept), b"\n");
}
