//! What people say after a command's name, and what its program gets of it.

use super::*;

#[test]
fn the_example_is_right() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/jobs.toml");
    let catalog = Catalog::read(&file, true, crate::command::names()).unwrap();
    let run = |text: &str| {
        let name = text.split(' ').next().unwrap();
        let declaration = catalog.get(name).unwrap();
        let words = text.strip_prefix(name).unwrap();
        let go = Declaration { name: "go".into(), ..Declaration::clone(declaration) };
        said(&go, words).unwrap()
    };
    assert_eq!(run("backup shop"), ["--db=shop"]);
    assert_eq!(run("backup WIKI 7"), ["--db=wiki", "--keep=7"]);
    let scene = file.with_file_name("jobs").join("scenes/intro.scene").canonicalize().unwrap();
    assert_eq!(run("render intro.scene 1 250"), [scene.to_str().unwrap(), "1", "250"]);
    let note = "--note=with the new checkout";
    assert_eq!(run("deploy staging v1.4 with the new checkout"), ["staging", "v1.4", note]);
    assert!(catalog.get("deploy").is_some_and(|deploy| deploy.confirm && deploy.allow == Allow::Admins));
}

/// What is made of what somebody says: the argv items, or the mistake.
fn said(declaration: &Declaration, text: &str) -> Result<Vec<String>, String> {
    let call = call(declaration, &format!("go {text}"))?;
    declaration.invocation(&call).map(|run| run.arguments).map_err(|end| format!("{end:?}"))
}

fn call(declaration: &Declaration, text: &str) -> Result<Call, String> {
    let catalog: Catalog = [declaration.clone()].into_iter().collect();
    let context = Context {
        private: true,
        owner: false,
        bot: "board_bot",
        reply_to_bot: false,
        card: None,
        catalog: &catalog,
        // For whomever it is.
        viewer: Viewer { owner: true, ..Viewer::NOBODY },
    };
    match crate::command::parse(text, context) {
        Parsed::Command(Command::Submit(Spec::Declared(call))) => Ok(call),
        Parsed::Error(crate::command::ParseError::Declared { slip, .. }) => Err(format!("{slip:?}")),
        other => panic!("{text:?} gave {other:?}"),
    }
}

#[test]
fn what_is_said_becomes_arguments() {
    let folder = ground();
    let two = declaration(
        folder.path(),
        "{ name = 'n', type = 'int', min = -5, max = 5_000 }, { name = 'note', type = 'text', optional = true }",
        "'-n', '{n}', '--note={note}', '{note}', '{{{n}}}'",
    );
    let check = |text: &str, expected: &[&str]| assert_eq!(said(&two, text).unwrap(), expected, "{text}");
    check("1_000", &["-n", "1000", "{1000}"]);
    check("-5 hello", &["-n", "-5", "--note=hello", "hello", "{-5}"]);
    check("\u{2212}5", &["-n", "-5", "{-5}"]);
    check("1   don't \"stop\"  it ", &["-n", "1", "--note=don't \"stop\"  it", "don't \"stop\"  it", "{1}"]);
    check("1 „two words“", &["-n", "1", "--note=two words", "two words", "{1}"]);
    check("1 \"\"", &["-n", "1", "--note=", "", "{1}"]);
    check("\"1\" ‘it’s so’", &["-n", "1", "--note=it’s so", "it’s so", "{1}"]);
    for (text, why) in [
        ("", "Missing"),
        ("6000", "OutOfRange"),
        ("-6", "OutOfRange"),
        ("99999999999999999999", "OutOfRange"),
        ("1.5", "NotAnInt"),
        ("+1", "NotAnInt"),
        ("1 -rf", "Hyphen"),
        ("1 '-rf'", "Hyphen"),
        ("1 a\u{202e}b", "Hidden"),
        ("1 a\nb", "Hidden"),
        ("1 a\u{0}b", "Hidden"),
        ("'1", "Open(\"'1\")"),
        ("\"1\"2", "Inside(\"\\\"1\\\"2\")"),
        ("1\"", "Inside"),
    ] {
        let error = said(&two, text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
    assert!(said(&two, &format!("1 {}", "x".repeat(MAX_VALUE))).is_ok());
    assert!(said(&two, &format!("1 {}", "x".repeat(MAX_VALUE + 1))).unwrap_err().contains("TooLong"));
}

#[test]
fn words_choices_days_and_the_rest() {
    let folder = ground();
    let all = declaration(
        folder.path(),
        "{ name = 'w', type = 'word' }, { name = 'c', type = 'choice', values = ['Shop', 'wiki'] }, \
         { name = 'd', type = 'date' }, { name = 'r', type = 'rest', optional = true }",
        "'{w}', '{c}', '{d}', 'x', '{r}', 'y'",
    );
    let check = |text: &str, expected: &[&str]| assert_eq!(said(&all, text).unwrap(), expected, "{text}");
    check("a,b SHOP 2026-02-28", &["a,b", "Shop", "2026-02-28", "x", "y"]);
    check("a wiki 2024-02-29 p \"q r\" ''", &["a", "wiki", "2024-02-29", "x", "p", "q r", "", "y"]);
    for (text, why) in [
        ("a wikki 2026-02-28", "NotAChoice { suggestion: Some(\"wiki\") }"),
        ("a x 2026-02-28", "NotAChoice { suggestion: None }"),
        ("a wiki 2026-02-29", "NotADate"),
        ("a wiki 20260228", "NotADate"),
        ("a wiki 2026-02-28T10", "NotADate"),
        ("\"a b\" wiki 2026-02-28", "SeveralWords"),
        ("\"\" wiki 2026-02-28", "Empty"),
        ("a wiki 2026-02-28 ok -x", "Hyphen"),
        ("a wiki", "Missing"),
    ] {
        let error = said(&all, text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
    let rest = |count: usize| format!("a wiki 2026-02-28 {}", "z ".repeat(count));
    assert_eq!(said(&all, &rest(MAX_REST)).unwrap().len(), MAX_REST + 5);
    assert!(said(&all, &rest(MAX_REST + 1)).unwrap_err().contains("TooManyWords"));
    let free = declaration(folder.path(), "{ name = 'w', type = 'word', allow_hyphen = true }", "'{w}'");
    assert_eq!(said(&free, "-x").unwrap(), ["-x"]);
    assert!(said(&free, "-x y").unwrap_err().contains("TooMany(\"y\")"));
    let nothing = declaration(folder.path(), "", "'a'");
    assert_eq!(said(&nothing, "").unwrap(), ["a"]);
    assert!(said(&nothing, "y").unwrap_err().contains("TooMany"));
}

#[test]
fn a_path_stays_below_its_folder() {
    let folder = ground();
    let blends = folder.path().join("blends");
    fs::create_dir(blends.join("deep")).unwrap();
    fs::write(blends.join("a b.blend"), "").unwrap();
    fs::write(folder.path().join("secret"), "").unwrap();
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, blends.join(name)).unwrap();
    link("../secret", "out");
    link("..", "up");
    link("deep", "in");
    link("../not-yet", "dangling");
    let one = declaration(folder.path(), "{ name = 'p', type = 'path', folder = 'blends' }", "'--file={p}'");
    let real = blends.canonicalize().unwrap();
    let check = |text: &str, expected: &str| {
        let expected = format!("--file={}", real.join(expected).display());
        assert_eq!(said(&one, text).unwrap(), [expected], "{text}");
    };
    check("'a b.blend'", "a b.blend");
    check("in/new/x.png", "deep/new/x.png");
    check("./a", "a");
    check("~/$(x);*", "~/$(x);*");
    for (text, why) in [
        ("../secret", "Upwards"),
        ("deep/../../secret", "Upwards"),
        ("/etc/passwd", "Absolute"),
        ("out", "PathOutside"),
        ("up/secret", "PathOutside"),
        ("up/new", "PathOutside"),
        ("dangling", "PathOutside"),
        ("dangling/x", "PathOutside"),
        ("'a b.blend/'", "NoSuchPath"),
        ("'a b.blend/x'", "NoSuchPath"),
        (&"x".repeat(300), "NoSuchPath"),
        ("-x", "Hyphen"),
    ] {
        let error = said(&one, text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn what_does_not_fit_any_more_is_not_run() {
    let folder = ground();
    let before = declaration(folder.path(), "{ name = 'a', type = 'word' }", "'{a}'");
    let call = call(&before, "go x").unwrap();
    let fits =
        |parameters: &str, args: &str| declaration(folder.path(), parameters, args).invocation(&call).is_ok();
    assert!(fits("{ name = 'a', type = 'text' }", "'{a}'"));
    assert!(fits(
        "{ name = 'a', type = 'word' }, { name = 'b', type = 'word', optional = true }",
        "'{a}{b}'"
    ));
    for parameters in [
        "",
        "{ name = 'a', type = 'int' }",
        "{ name = 'a', type = 'word' }, { name = 'b', type = 'word' }",
        "{ name = 'b', type = 'word' }",
        "{ name = 'a', type = 'choice', values = ['X'] }",
    ] {
        let args = ["a", "b"].map(|name| {
            if parameters.contains(&format!("'{name}'")) { format!("'{{{name}}}'") } else { "'-'".into() }
        });
        assert!(!fits(parameters, &args.join(", ")), "{parameters}");
    }
    let argument = |values: &[&str]| Argument {
        parameter: "a".into(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    for values in [&["-rf"][..], &["x", "y"], &[]] {
        let call = Call { arguments: vec![argument(values)], ..call.clone() };
        assert_eq!(before.invocation(&call).unwrap_err(), ProgramEnd::NotDeclared, "{values:?}");
    }
    assert!(before.invocation(&Call { name: "went".into(), ..call }).is_err());
}

/// Any command: up to two parameters before one of any kind.
fn any_declaration() -> impl Strategy<Value = (Declaration, tempfile::TempDir)> {
    let kind = prop::sample::select(vec!["word", "int", "choice", "text", "date", "path", "rest"]);
    let first = prop::sample::select(vec!["word", "int", "choice", "text", "date", "path"]);
    let parameters = (prop::collection::vec(first, 0..3), kind, any::<(bool, bool)>());
    parameters.prop_map(|(mut kinds, last, (optional, hyphen))| {
        kinds.push(last);
        let folder = ground();
        let more = |kind: &str| match kind {
            "int" => "min = -9, max = 99",
            "choice" => "values = ['Shop', 'wiki']",
            "path" => "folder = 'blends'",
            _ => "optional = false",
        };
        let parameters = kinds.iter().enumerate().map(|(at, kind)| {
            format!("{{ name = 'p{at}', type = '{kind}', {}, allow_hyphen = {hyphen} }}", more(kind))
        });
        let parameters: Vec<_> = parameters.collect();
        let args: Vec<_> = (0..kinds.len()).map(|at| format!("'{{p{at}}}'")).collect();
        let mut all = declaration(folder.path(), &parameters.join(", "), &args.join(", "));
        if let Some(last) = all.parameters.last_mut() {
            last.optional = optional;
        }
        (all, folder)
    })
}

proptest! {
    #[test]
    fn each_value_is_one_argument((declaration, _folder) in any_declaration(), text in "\\PC{0,60}|[a-z0-9 \"'“”„‘’«»\\\\-]{0,40}") {
        let Ok(call) = call(&declaration, &format!("go {text}")) else { return Ok(()) };
        let values: usize = call.arguments.iter().map(|argument| argument.values.len()).sum();
        if let Ok(run) = declaration.invocation(&call) {
            prop_assert_eq!(run.arguments.len(), values);
            for (parameter, argument) in declaration.parameters.iter().zip(&run.arguments) {
                let may_be_empty = matches!(parameter.kind, Kind::Text | Kind::Rest);
                prop_assert!(!argument.is_empty() || may_be_empty && text.contains(['"', '\'', '“', '”', '„', '‘', '’', '«', '»']));
                let may_be_an_option = parameter.allow_hyphen || matches!(parameter.kind, Kind::Int { .. });
                prop_assert!(may_be_an_option || !argument.starts_with('-'));
            }
        }
        let again = self::call(&declaration, &call.to_string());
        prop_assert_eq!(again, Ok(call));
    }

    #[test]
    fn what_was_meant_is_said_by_its_display((declaration, _folder) in any_declaration(), values in prop::collection::vec("\\PC{0,20}|[ \"'“\\\\a-]{0,9}", 4)) {
        let mut arguments = Vec::new();
        for (parameter, value) in declaration.parameters.iter().zip(&values) {
            let Ok(value) = parameter.read(value) else { return Ok(()) };
            arguments.push(Argument { parameter: parameter.name.clone(), values: vec![value] });
        }
        let meant = Call { name: "go".into(), arguments, weight: 1 };
        prop_assert_eq!(call(&declaration, &meant.to_string()), Ok(meant));
    }

    #[test]
    fn an_example_is_taken((declaration, _folder) in any_declaration()) {
        prop_assert!(call(&declaration, &declaration.example()).is_ok());
    }

    #[test]
    fn no_file_stops_the_reader(text in "\\PC{0,200}|(\\[jobs\\.[a-z-]{1,5}\\]\n(help|program|args|allow|files|limits|parameters) = ('sh'|3|\\[\\]|\\{\\}|\\[\\{\\}\\])\n){0,4}") {
        let folder = ground();
        let _ = read(folder.path(), &text);
    }
}
