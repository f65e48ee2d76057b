mod said;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use proptest::prelude::*;

use super::{file::parse, program::Beside, *};
use crate::{
    command::{Command, Context, Parsed},
    job::{Argument, Call, ProgramEnd, Spec},
};

/// A folder with a program, something that is none, and a folder.
fn ground() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("run");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().join("letter"), "no program").unwrap();
    fs::set_permissions(folder.path().join("letter"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::create_dir(folder.path().join("blends")).unwrap();
    folder
}

fn read(folder: &Path, text: &str) -> Result<Catalog, Vec<String>> {
    let taken = crate::command::names().map(|name| name.replace('-', "_")).collect::<Vec<_>>();
    parse(text, Beside { folder, is_here: true }, &taken)
        .map_err(|found| found.iter().map(ToString::to_string).collect())
}

#[test]
fn what_runs_elsewhere_need_not_be_here() {
    let text = "[jobs.go]\nhelp = \"It goes\"\nprogram = \"./none\"\nfolder = \"nowhere\"\n";
    let folder = ground();
    assert_eq!(
        read(folder.path(), text).unwrap_err().len(),
        2,
        "neither the program nor the folder is there"
    );
    let elsewhere = Beside { folder: folder.path(), is_here: false };
    let catalog = parse(text, elsewhere, &[]).unwrap();
    assert_eq!(catalog.get("go").unwrap().program, folder.path().join("none"));
}

/// What is wrong with a command that has these lines, but for the place before the field.
fn wrong(lines: &str) -> Vec<String> {
    let folder = ground();
    let text = format!("[jobs.go]\nhelp = \"It goes\"\nprogram = \"./run\"\n{lines}\n");
    match read(folder.path(), &text) {
        Ok(_) => Vec::new(),
        Err(found) => {
            found.into_iter().map(|line| line.replace(folder.path().to_str().unwrap(), "")).collect()
        }
    }
}

/// A command with these parameters and arguments.
fn declaration(folder: &Path, parameters: &str, args: &str) -> Declaration {
    let text = format!(
        "[jobs.go]\nhelp = \"It goes\"\nprogram = \"./run\"\nparameters = [{parameters}]\nargs = [{args}]\n"
    );
    Declaration::clone(read(folder, &text).unwrap().get("go").unwrap())
}

const ALL: &str = r#"
[jobs.backup]
help = "Back a database up"
program = "./run"
args = ["--db={db}", "{{}}", "{days}"]
parameters = [
    { name = "db", type = "choice", values = ["shop", "Wiki"] },
    { name = "days", type = "int", min = -3, max = 1_000, optional = true },
]
folder = "blends"
environment = { LEVEL = "9" }
timeout = "10m"
grace = "5s"
at_once_per_chat = 2
weight = 0
allow = { people = [7], chats = [-100] }
confirm = true
rerun = true
files = { patterns = ["out/*.png"], max_size = "20MB" }
limits = { memory = "1GiB", cpu_time = "1h", open_files = 64, processes = 10, file_size = "2GB" }

[jobs.a_first]
help = "It stands second"
program = "sh"
"#;

#[test]
fn everything_that_can_be_declared() {
    let folder = ground();
    let catalog = read(folder.path(), ALL).unwrap();
    assert_eq!(catalog.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["backup", "a_first"]);
    let backup = Declaration::clone(catalog.get("Backup").unwrap());
    let parameter =
        |name: &str, kind, optional| Parameter { name: name.into(), kind, optional, allow_hyphen: false };
    let expected = Declaration {
        name: "backup".into(),
        help: "Back a database up".into(),
        parameters: vec![
            parameter("db", Kind::Choice(vec!["shop".into(), "Wiki".into()]), false),
            parameter("days", Kind::Int { min: -3, max: 1_000 }, true),
        ],
        program: folder.path().join("run"),
        args: vec![
            Template(vec![Part::Text("--db=".into()), Part::Value("db".into())]),
            Template(vec![Part::Text("{}".into())]),
            Template(vec![Part::Value("days".into())]),
        ],
        folder: Some(folder.path().join("blends")),
        environment: [("LEVEL".to_owned(), "9".to_owned())].into(),
        timeout: Some(Duration::from_mins(10)),
        grace: Duration::from_secs(5),
        at_once: Some(NonZeroUsize::MIN),
        at_once_per_chat: NonZeroUsize::new(2),
        weight: 0,
        allow: Allow::Listed { people: vec![7], chats: vec![ChatId(-100)] },
        confirm: true,
        rerun: true,
        files: Some(Files { patterns: vec!["out/*.png".into()], max_size: 20_000_000 }),
        bounds: Bounds {
            memory: Some(1 << 30),
            cpu_time: Some(Duration::from_hours(1)),
            open_files: Some(64),
            processes: Some(10),
            file_size: Some(2_000_000_000),
        },
    };
    assert_eq!(backup, expected);
    let second = catalog.get("a-first").unwrap();
    assert!(second.program.is_absolute() && second.program.ends_with("sh"));
    let Declaration { timeout, grace, weight, allow, confirm, rerun, bounds, .. } =
        Declaration::clone(second);
    assert_eq!((timeout, grace, weight), (None, Duration::from_secs(10), 1));
    assert_eq!((allow, confirm, rerun, bounds), (Allow::Everyone, false, false, Bounds::default()));
}

#[test]
fn a_mistake_names_its_line_and_field() {
    let folder = ground();
    let text = "[jobs.backup]\nhelp = 'x'\nprogram = './run'\nargs = ['{db}']\nparameters = [\n  { name = 'db', type = 'wrd' },\n]\n";
    let found = read(folder.path(), text).unwrap_err();
    // And nothing is said of what follows from it.
    assert_eq!(found, ["6: jobs.backup.parameters[0].type: \"wrd\" is no type: did you mean \"word\"?"]);
    let file = folder.path().join("jobs.toml");
    fs::write(&file, text).unwrap();
    let error = Catalog::read(&file, true, []).unwrap_err();
    assert!(error.lines()[0].starts_with(&format!("{}:6: jobs.backup.parameters[0].type: ", file.display())));
    let missing = Catalog::read(&folder.path().join("none.toml"), true, []).unwrap_err();
    assert!(missing.to_string().contains("none.toml: No such file"), "{missing}");
}

#[test]
fn all_mistakes_are_told() {
    let folder = ground();
    let text = "[jobs.fib_multi]\nhelp = 3\nprogram = './none'\n[jobs.Back-up]\nprogram = './letter'\nhelp = \"a\\nb\"\nfolder = 'none'\ntimeot = '1s'\n[other]\n";
    let found = read(folder.path(), text).unwrap_err();
    let shown: Vec<_> = found.iter().map(|line| line.replace(folder.path().to_str().unwrap(), "F")).collect();
    let expected = [
        "1: jobs.fib_multi: the bot has a command of this name itself",
        "2: jobs.fib_multi.help: a text in quotes is wanted, not a number",
        "3: jobs.fib_multi.program: \"./none\": F/./none cannot be read: No such file or directory (os error 2)",
        "4: jobs.Back-up: a command's name is 1 to 32 of a-z 0-9 _: Telegram takes no other",
        "5: jobs.Back-up.program: \"./letter\": F/./letter is not executable (chmod +x)",
        "6: jobs.Back-up.help: \"a\\nb\": one line of visible characters is wanted",
        "7: jobs.Back-up.folder: \"none\": F/none cannot be read: No such file or directory (os error 2)",
        "8: jobs.Back-up.timeot: there is no such field: did you mean \"timeout\"?",
        "9: other: there is no such field: each command is a table of its own, as [jobs.backup]",
    ];
    assert_eq!(shown, expected);
    // No TOML: all that the parser finds, with its lines.
    let found = read(folder.path(), "[jobs.a]\nhelp = \n[jobs.a]\n").unwrap_err();
    assert!(found.len() == 2 && found[0].starts_with("2: ") && found[1].starts_with("3: "), "{found:?}");
}

#[test]
fn what_stands_there_twice_is_named() {
    let check = |lines: &str, expected: &str| {
        let found = wrong(lines);
        assert_eq!(found, [format!("{expected}: this stands there before")], "{lines}");
    };
    check("help = 'again'", "4: jobs.go.help");
    check("weight = 1\n\n[jobs.other]\nhelp = 'x'\nhelp = 'y'", "8: jobs.other.help");
    check("[jobs.b]\nhelp = 'x'\n[jobs.go]\ntimeout = '1s'", "6: jobs.go");
    check(
        "parameters = [\n{ name = 'a', type = 'word' },\n{ name = 'b', name = 'c' },\n]",
        "6: jobs.go.parameters[1].name",
    );
    check("environment = { A = 'x', A = 'y' }", "4: jobs.go.environment.A");
    check("limits.memory = '1GB'\nlimits.memory = '2GB'", "5: jobs.go.limits.memory");
}

#[test]
fn what_is_wrong_with_a_command() {
    let check = |lines: &str, expected: &str| {
        let found = wrong(lines);
        assert!(found.len() == 1 && found[0].contains(expected), "{lines}\n{found:#?}");
    };
    check("args = ['{x}']", "4: jobs.go.args[0]: {x} is no parameter of this command");
    check("args = ['{']", "a single { in");
    check("args = ['a}b']", "a single } in");
    check("timeout = '3'", "4: jobs.go.timeout: ");
    check("timeout = '1ms'", "at least 1s is wanted");
    check("timeout = '100000d'", "4: jobs.go.timeout: \"100000d\": at most 30d is wanted");
    check("timeout = '10M'", "at most 30d is wanted");
    check("limits = { cpu_time = '31d' }", "jobs.go.limits.cpu_time: \"31d\": at most 30d is wanted");
    check("limits = { memory = '99999GB' }", "jobs.go.limits.memory: \"99999GB\": at most 16TB is wanted");
    check("limits = { file_size = '17TB' }", "at most 16TB is wanted");
    check("grace = '1h'", "at most 10m is wanted");
    check("weight = -1", "-1 is not from 0 to 1024");
    check("weight = 1.5", "a whole number is wanted, not a number with a fraction");
    check("at_once = 0", "0 is not from 1 to 1024");
    check("at_once_per_chat = 99999999999999999999", "is not from 1");
    check("confirm = 'yes'", "true or false is wanted, not a text");
    check("allow = 'admin'", "\"admins\", \"owners\"");
    check("allow = 3", "\"admins\", \"owners\"");
    check("allow = {}", "nobody is listed");
    check("allow = { people = [-4] }", "jobs.go.allow.people[0]: -4 is not from 1");
    check("allow = { user = [4], people = [4] }", "jobs.go.allow.user: there is no such field");
    check("environment = { 'A=B' = 'x' }", "begins with no digit");
    check("environment = { A = \"\\u0000\" }", "zero byte");
    check("environment = { A = 3 }", "jobs.go.environment.A: a text in quotes is wanted");
    check(
        "files = { patterns = ['../x'] }\nfolder = 'blends'",
        "jobs.go.files.patterns[0]: \"../x\": a path below",
    );
    for (pattern, why) in [
        ("[a", "[a is no pattern: invalid range pattern"),
        ("***", "*** is no pattern: wildcards are either regular `*` or recursive `**`"),
        ("out/a**b", "a**b is no pattern: recursive wildcards must form a single path component"),
        ("out/**", "the pattern of a file's name is wanted at the end, as **/*.png"),
        (".", "the pattern of a file's name is wanted at the end"),
    ] {
        let lines = format!("files = {{ patterns = ['*.png', '{pattern}'] }}\nfolder = 'blends'");
        check(&lines, &format!("4: jobs.go.files.patterns[1]: \"{pattern}\": {why}"));
    }
    check("files = { patterns = ['/x'] }\nfolder = 'blends'", "a path below");
    check("files = { patterns = ['a/../x'] }\nfolder = 'blends'", "a path below");
    check("files = { patterns = [] }\nfolder = 'blends'", "at least one pattern");
    check("files = { patterns = ['x'], max_size = '80MB' }\nfolder = 'blends'", "at most 50MB");
    check(
        "files = { patterns = ['x'] }\nfolder = 'blends'\nat_once = 2",
        "jobs.go.at_once: with files it has to be 1",
    );
    check("files = { patterns = ['x'] }", "jobs.go.folder: is missing");
    check("folder = 'letter'", "is no folder");
    check("limits = { memory = '3' }", "at least 1MB");
    check("limits = { procs = 3 }", "jobs.go.limits.procs: there is no such field");
    let folder = ground();
    let beside = read(folder.path(), "[jobs.go]\nhelp = 'x'\nprogram = 'letter'\n").unwrap_err();
    assert!(
        beside[0].ends_with("there is no such program in PATH; the one beside this file is \"./letter\""),
        "{beside:?}"
    );
    let many: Vec<_> = (0..71).map(|n| format!("[jobs.n{n}]\nhelp = 'x'\nprogram = './run'\n")).collect();
    let many = many.concat();
    assert!(
        read(folder.path(), &many).unwrap_err()[0].starts_with("211: jobs.n70: one command more than the 70")
    );
}

#[test]
fn what_is_wrong_with_parameters() {
    let check = |parameters: &str, args: &str, expected: &str| {
        let found = wrong(&format!("parameters = [{parameters}]\nargs = [{args}]"));
        assert!(found.len() == 1 && found[0].contains(expected), "{parameters}\n{found:#?}");
    };
    let (a, b) = ("{ name = 'a', type = 'word' }", "{ name = 'b', type = 'word' }");
    check(&format!("{a}, {a}"), "'{a}'", "parameters[1]: there is a parameter \"a\" before");
    check(a, "", "jobs.go.args: no argument has {a}");
    check(
        &format!("{a}, {b}"),
        "'{a}', '{bb}', '{b}'",
        "{bb} is no parameter of this command: did you mean {b}?",
    );
    check("{ name = 'A', type = 'word' }", "", "parameters[0].name: \"A\": a parameter's name is");
    check("{ type = 'word' }", "", "parameters[0].name: is missing");
    check("{ name = 'a' }", "", "parameters[0].type: is missing");
    check("{ name = 'a', type = 'word', min = 1 }", "'{a}'", "this is for type \"int\" alone");
    check(
        "{ name = 'a', type = 'int', min = 3, max = 1 }",
        "",
        "parameters[0].max: no number is from 3 to 1",
    );
    check(
        "{ name = 'a', type = 'int', max = -1 }",
        "",
        "parameters[0].max: -1 is below min, which is 0 where it is not set",
    );
    check(
        "{ name = 'a', type = 'int', min = 'x', max = -1 }",
        "",
        "parameters[0].min: a whole number is wanted",
    );
    check("{ name = 'a', type = 'choice' }", "", "values: is missing");
    check("{ name = 'a', type = 'choice', values = [] }", "", "at least one value");
    check(
        "{ name = 'a', type = 'choice', values = ['x', 'X'] }",
        "'{a}'",
        "values[1]: \"X\" is there before",
    );
    check(
        "{ name = 'a', type = 'choice', values = [''] }",
        "'{a}'",
        "values[0]: \"\": a value without blanks",
    );
    check("{ name = 'a', type = 'choice', values = ['x y'] }", "'{a}'", "a value without blanks");
    check("{ name = 'a', type = 'choice', values = ['-x'] }", "'{a}'", "could take it for an option");
    check("{ name = 'a', type = 'path' }", "", "parameters[0].folder: is missing");
    check("{ name = 'a', type = 'path', folder = 'none' }", "", "none cannot be read");
    check(&format!("{{ name = 'r', type = 'rest' }}, {a}"), "'{r}', '{a}'", "it has to be the last");
    check(
        &format!("{{ name = 'o', type = 'word', optional = true }}, {a}"),
        "'{o}', '{a}'",
        "so this one has to be optional",
    );
    check("{ name = 'r', type = 'rest' }", "'x{r}'", "so it has to stand alone");
}
