//! Programs that cannot begin.

use std::fs;

use jobboard::job::{Printed, ProgramEnd, ProgramFailure};

use super::{Place, failed, invocation, write_program};

/// Nothing began, so nothing was printed, and nothing is left.
#[track_caller]
fn check(place: &Place, failure: &ProgramFailure) {
    assert_eq!(failure.printed, Printed::default());
    assert!(place.names("runs").is_empty() && place.names("results").is_empty());
}

#[tokio::test]
async fn one_that_is_not_there() {
    let place = Place::new();
    let failure = failed(place.run(invocation(&place.path("nothing"))).await);
    assert_eq!(failure.end, ProgramEnd::Missing);
    check(&place, &failure);
    let failure = failed(place.run(invocation(&place.path("nothing/at/all"))).await);
    assert_eq!(failure.end, ProgramEnd::Missing);
}

#[tokio::test]
async fn what_must_not_or_cannot_be_executed() {
    let place = Place::new();
    let file = place.path("file");
    // The C library's exec hands a file of unknown kind to a shell.
    let by_text = format!("#!{}\n", place.path("text").display());
    write_program(&place.path("text"), "echo no\n", 0o755);
    let mut of_another_machine = fs::read(std::env::current_exe().unwrap()).unwrap();
    of_another_machine.truncate(4096);
    of_another_machine[18] ^= 0x40;
    let cases: [(&[u8], u32); 8] = [
        (b"#!/bin/sh\necho no\n", 0o644),
        (b"echo no\n", 0o755),
        (b"", 0o755),
        (b"\0\x01\x02", 0o755),
        (b"#!\necho no\n", 0o755),
        (b"#! \t\necho no\n", 0o755),
        (by_text.as_bytes(), 0o755),
        (&of_another_machine, 0o755),
    ];
    for (text, mode) in cases {
        write_program(&file, text, mode);
        let failure = failed(place.run(invocation(&file)).await);
        assert_eq!(failure.end, ProgramEnd::NotExecutable, "{:?}, {mode:o}", String::from_utf8_lossy(text));
        check(&place, &failure);
    }
    let failure = failed(place.run(invocation(place.root.path())).await);
    assert_eq!(failure.end, ProgramEnd::NotExecutable);
}

#[tokio::test]
async fn one_that_another_program_should_run_that_is_not_there() {
    let place = Place::new();
    let file = place.path("file");
    write_program(&file, "#!/there/is/no/python\n", 0o755);
    let failure = failed(place.run(invocation(&file)).await);
    assert!(
        matches!(&failure.end, ProgramEnd::NotStarted(why) if !why.contains('/')),
        "where things are is no chat's business: {failure:?}"
    );
}

#[tokio::test]
async fn one_without_its_folder() {
    let place = Place::new();
    let mut program = place.script("pwd");
    program.folder = Some(place.path("nowhere"));
    let failure = failed(place.run(program.clone()).await);
    let is_told =
        |why: &str| why.starts_with("its folder: ") && !why.contains('/') && !why.contains("nowhere");
    assert!(matches!(&failure.end, ProgramEnd::NotStarted(why) if is_told(why)), "{failure:?}");
    check(&place, &failure);

    let folder = place.path("somewhere").canonicalize().unwrap_or_else(|_| place.path("somewhere"));
    fs::create_dir(&folder).unwrap();
    program.folder = Some(folder.clone());
    assert_eq!(place.run(program.clone()).await.unwrap().tail, folder.to_str().unwrap());
    // Its own where none is declared.
    program.folder = None;
    assert!(place.run(program).await.unwrap().tail.ends_with("data/work"));
}

#[tokio::test]
async fn arguments_that_are_too_long() {
    let place = Place::new();
    let mut program = place.script("echo no");
    program.arguments = vec!["x".repeat(1 << 20); 10];
    let failure = failed(place.run(program).await);
    assert!(matches!(failure.end, ProgramEnd::NotStarted(_)), "{failure:?}");
    let mut program = place.script("echo no");
    program.arguments = vec!["a\0b".to_owned()];
    let failure = failed(place.run(program).await);
    assert!(matches!(failure.end, ProgramEnd::NotStarted(_)), "{failure:?}");
}
