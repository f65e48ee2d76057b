//! The files of sentences, beside what the code asks of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser::parse,
};

use super::*;
use crate::{
    command::COMMANDS,
    job::{CancelReason, JobId, Number},
    telegram::sentences,
};

/// What stands in a sentence, by its key.
type Sentences = BTreeMap<String, Sentence>;

#[derive(Debug, Default, PartialEq, Eq)]
struct Sentence {
    variables: BTreeSet<String>,
    /// All its text, whatever is selected.
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All sentences of some files; each key stands there once.
fn sentences_in(files: &[PathBuf]) -> Sentences {
    let mut found = Sentences::new();
    for file in files {
        let resource = parse(std::fs::read_to_string(file).unwrap()).expect("the syntax of Fluent");
        for entry in &resource.body {
            let Entry::Message(message) = entry else { continue };
            let mut sentence = Sentence::default();
            read(message.value.as_ref().unwrap(), &mut sentence);
            let before = found.insert(message.id.name.clone(), sentence);
            assert!(before.is_none(), "{} stands twice in {}", message.id.name, file.display());
        }
    }
    found
}

fn read(pattern: &Pattern<String>, sentence: &mut Sentence) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => sentence.text.push_str(value),
            PatternElement::Placeable { expression: Expression::Inline(inline) } => {
                variable(inline, sentence);
            }
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                variable(selector, sentence);
                for variant in variants {
                    read(&variant.value, sentence);
                }
            }
        }
    }
}

fn variable(expression: &InlineExpression<String>, sentence: &mut Sentence) {
    if let InlineExpression::VariableReference { id } = expression {
        sentence.variables.insert(id.name.clone());
    }
}

fn language(language: Language) -> Sentences {
    sentences_in(&files(&root().join("locales").join(language.code()), "ftl"))
}

fn core() -> Sentences {
    sentences_in(&[root().join("locales/core.ftl")])
}

/// Each `say!` of the code: its key and the names of its arguments.
fn said_by_the_code() -> Vec<(String, BTreeSet<String>, PathBuf)> {
    let mut found = Vec::new();
    for file in files(&root().join("src/telegram"), "rs") {
        // The macro itself, and this file.
        if file.ends_with("telegram/language.rs") || file.ends_with("language/tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, call) in text.match_indices("say!(") {
            let (key, names) = arguments(&text[at + call.len()..]);
            found.push((key, names, file.clone()));
        }
    }
    found
}

/// The key of a call and the names before `=` between its commas, up to its closing parenthesis.
fn arguments(call: &str) -> (String, BTreeSet<String>) {
    let (mut depth, mut quoted, mut part, mut parts) = (0, false, String::new(), Vec::new());
    let mut previous = ' ';
    for c in call.chars() {
        match c {
            '"' if previous != '\\' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {}
        }
        if c != ',' || depth > 0 || quoted {
            part.push(c);
        }
        previous = c;
    }
    parts.push(part);
    let key = parts[0].trim().trim_matches('"').to_owned();
    let name = |part: &String| part.split_once(" = ").map(|(name, _)| name.trim().to_owned());
    (key, parts[1..].iter().filter_map(name).collect())
}

#[test]
fn every_language_has_every_sentence_with_the_same_arguments() {
    let (english, core) = (language(Language::English), core());
    assert!(english.len() > 100 && !core.is_empty());
    for other in Language::ALL {
        let other_sentences = language(other);
        let keys = |sentences: &Sentences| sentences.keys().cloned().collect::<BTreeSet<_>>();
        let differ: Vec<_> = keys(&english).symmetric_difference(&keys(&other_sentences)).cloned().collect();
        assert!(differ.is_empty(), "only in one of English and {other:?}: {differ:?}");
        for (key, sentence) in &other_sentences {
            assert_eq!(sentence.variables, english[key].variables, "{key} in {other:?}");
            assert!(!core.contains_key(key), "{key} is the same in every language, and is in {other:?} too");
        }
    }
}

#[test]
fn every_sentence_is_said_and_none_is_missing() {
    let mut known = language(Language::English);
    known.extend(core());
    let mut unsaid: BTreeSet<_> = known.keys().cloned().collect();
    let help = COMMANDS.iter().map(|entry| (format!("help-{}", entry.name), BTreeSet::new(), PathBuf::new()));
    for (key, arguments, file) in said_by_the_code().into_iter().chain(help) {
        let sentence = known.get(&key);
        let sentence = sentence.unwrap_or_else(|| panic!("{key} of {} is in no file", file.display()));
        assert_eq!(sentence.variables, arguments, "the arguments of {key} in {}", file.display());
        unsaid.remove(&key);
    }
    assert!(unsaid.is_empty(), "nobody says {unsaid:?}");
}

#[test]
fn sentences_are_no_markup() {
    for sentences in Language::ALL.map(language).iter().chain([&core()]) {
        for (key, sentence) in sentences {
            assert!(!sentence.text.contains(['<', '>', '&']), "{key}: {}", sentence.text);
        }
    }
}

#[test]
fn what_is_quoted_is_english_in_every_language() {
    let number =
        Number { n: 100, digits: crate::job::Digits::from_canonical("218922995834555169026".into()) };
    for language in Language::ALL {
        within(language, || {
            assert_eq!(sentences::submitted(JobId(3)), "Task 3 is submitted");
            assert_eq!(sentences::still_waiting(), "Still waiting");
            assert_eq!(sentences::exiting(), "Exiting");
            assert_eq!(sentences::no_such_task(JobId(57)), "There is no task 57");
            assert_eq!(
                sentences::number(&number, 100),
                "The 100th fibonacci number is 218922995834555169026"
            );
            let killed = crate::board::Verdict::Killed("fib 100".into());
            assert_eq!(sentences::verdict(JobId(1), &killed), "Task \"fib 100\" is killed");
            let by = CancelReason::Killed { by: "Ben".into() };
            assert!(sentences::cancelled(&by).starts_with("Cancelled"));
        });
    }
}

#[test]
fn plurals_and_what_doubles_cannot_count() {
    assert_eq!(sentences::killing_all(1), "Killing 1 task …");
    assert_eq!(sentences::killing_all(2), "Killing 2 tasks …");
    assert_eq!(sentences::submitted(JobId(u64::MAX)), "Task 18446744073709551615 is submitted");
    within(Language::German, || {
        assert_eq!(sentences::killing_all(1), "1 Task wird abgebrochen …");
        assert_eq!(sentences::killing_all(2), "2 Tasks werden abgebrochen …");
    });
}

#[test]
fn a_sentence_that_a_language_lacks_is_missed() {
    assert!(said(Language::German, "no-such-key", &HashMap::new()).is_err());
    assert!(said(Language::German, "killing", &HashMap::new()).is_err(), "an argument is missing");
}

#[test]
fn tags_of_languages() {
    for (tag, language) in [
        ("de", Some(Language::German)),
        ("de-AT", Some(Language::German)),
        ("DE_ch", Some(Language::German)),
        ("en-GB", Some(Language::English)),
        ("den", None),
        ("fr", None),
        ("", None),
    ] {
        assert_eq!(Language::of(tag), language, "{tag:?}");
    }
}
