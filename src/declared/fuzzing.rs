//! What the fuzz targets reach of declared commands.
#![expect(
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "to panic is how a fuzz target tells what is wrong"
)]

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{
    Allow, Bounds, Catalog, Declaration, Kind, MAX_REST, MAX_VALUE, Parameter, Part, Template, Viewer,
    file::parse, program::Beside,
};
use crate::{
    command::{Command, Context, ParseError, Parsed},
    job::{Call, Spec},
};

/// What is said to a command with these parameters, two bits of a choice and one of each flag: nothing stops it, each value is one
/// argument, none is an option unless it may be one, and a call means the same when it is read again as it is written.
pub fn arguments(flags: [u8; 2], text: &str) {
    let declaration = declaration(flags);
    let call = match read(&declaration, &format!("go {text}")) {
        Ok(call) => call,
        Err(error) => {
            let words = crate::telegram::fuzzing::parse_error(&error);
            assert!(words.chars().count() <= text.chars().count() + 2_000, "{} characters", words.len());
            return;
        }
    };
    assert_eq!(read(&declaration, &call.to_string()), Ok(call.clone()), "{call}");
    let values: Vec<_> = call.arguments.iter().flat_map(|argument| &argument.values).collect();
    assert!(values.iter().all(|value| value.len() <= MAX_VALUE) && values.len() <= MAX_REST + 3);
    let Ok(run) = declaration.invocation(&call) else {
        assert!(declaration.parameters.iter().any(|one| matches!(one.kind, Kind::Path(_))), "{call}");
        return;
    };
    assert_eq!(run.arguments.len(), values.len());
    for (value, argument) in values.iter().zip(&run.arguments) {
        assert!(argument == *value || argument.starts_with("/usr"), "{argument}");
    }
    for (parameter, argument) in declaration.parameters.iter().zip(&run.arguments) {
        let may_be_an_option = parameter.allow_hyphen || matches!(parameter.kind, Kind::Int { .. });
        assert!(may_be_an_option || !argument.starts_with('-'), "{argument}");
        let may_be_empty = matches!(parameter.kind, Kind::Text | Kind::Rest);
        assert!(may_be_empty || !argument.is_empty());
        assert!(!argument.contains('\0'));
    }
}

/// Any file: it is read, or every mistake is one line.
pub fn file(text: &str) {
    if let Err(mistakes) =
        parse(text, Beside { folder: Path::new("/usr"), is_here: true }, &["fib".to_owned()])
    {
        assert!(!mistakes.is_empty());
        let lines = text.lines().count() + 1;
        assert!(
            mistakes.iter().all(|mistake| (1..=lines).contains(&mistake.line) && !mistake.why.contains('\n'))
        );
    }
}

fn read(declaration: &Declaration, text: &str) -> Result<Call, ParseError> {
    let catalog: Catalog = [declaration.clone()].into_iter().collect();
    let context = Context {
        private: true,
        owner: false,
        bot: "board_bot",
        reply_to_bot: false,
        card: None,
        catalog: &catalog,
        viewer: Viewer::NOBODY,
    };
    match crate::command::parse(text, context) {
        Parsed::Command(Command::Submit(Spec::Declared(call))) => Ok(call),
        Parsed::Error(error) => Err(error),
        other => panic!("{text:?} gave {other:?}"),
    }
}

fn declaration([first, last]: [u8; 2]) -> Declaration {
    let kind = |choice: u8| match choice % 6 {
        0 => Kind::Word,
        1 => Kind::Int { min: -9, max: i64::MAX },
        2 => Kind::Choice(vec!["Shop".to_owned(), "wiki".to_owned(), "straße".to_owned()]),
        3 => Kind::Text,
        4 => Kind::Date,
        _ => Kind::Path("/usr".into()),
    };
    let parameter = |at: usize, kind, flags: u8| Parameter {
        name: format!("p{at}"),
        kind,
        optional: flags & 64 != 0,
        allow_hyphen: flags & 128 != 0,
    };
    let mut parameters: Vec<_> = (0..usize::from(first >> 6).min(2))
        .map(|at| Parameter { optional: false, ..parameter(at, kind(first / 6), first) })
        .collect();
    let end = if last % 7 == 6 { Kind::Rest } else { kind(last % 7) };
    parameters.push(parameter(parameters.len(), end, last));
    Declaration {
        name: "go".to_owned(),
        help: "It goes".to_owned(),
        args: parameters.iter().map(|one| Template(vec![Part::Value(one.name.clone())])).collect(),
        parameters,
        program: "/bin/true".into(),
        folder: None,
        environment: BTreeMap::new(),
        timeout: None,
        grace: Duration::from_secs(1),
        at_once: None,
        at_once_per_chat: None,
        weight: 1,
        allow: Allow::Everyone,
        confirm: false,
        rerun: false,
        files: None,
        bounds: Bounds::default(),
    }
}
