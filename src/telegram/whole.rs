//! Whole results as documents, where a message cannot hold them.
//!
//! Telegram takes documents up to a limit. What fits goes as text, what fits packed goes packed, and of what does not fit
//! either there is a summary: the ends of each number, how many digits it has and their checksum.

mod ends;
mod pack;

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Cursor, Read},
    os::unix::fs::FileExt,
};

use tokio_util::sync::CancellationToken;

pub(super) use self::ends::Ends;
use self::pack::PackError;
use super::{
    render,
    sentences::{documents, number_start, programs},
};
use crate::{
    job::{Digits, Failure, Job, Kept, Number, Outcome, Output, Printed},
    store::Store,
};

/// What is left of digits that are packed, in thousandths, at most: measured with 60 million random ones, 475.4.
const PACKED: u64 = 476;

/// Letters of a file's name, about: a phone shows so many.
const MAX_STEM: usize = 40;

/// How a whole result is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Text,
    /// Compressed.
    Packed,
    /// Not as a whole: what can be said of it.
    Summary,
}

/// A document, to be read as often as it has to be sent.
#[derive(Debug)]
pub(super) struct Document {
    /// The file's name.
    pub(super) name: String,
    /// What stands beside it, in plain text.
    pub(super) caption: String,
    /// In bytes.
    pub(super) length: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Pieces(Vec<Piece>),
    /// All of it. It is read at places, since each reader needs one of its own.
    File(File),
}

/// A part of a text.
#[derive(Clone, Debug)]
enum Piece {
    Words(String),
    Digits(Digits),
    /// What a program left, from a place on.
    Kept {
        kept: Kept,
        from: u64,
    },
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoDocument {
    /// The message shows it all.
    NotNeeded,
    /// Its digits are not in the store any more.
    Dropped,
    /// A mistake; the log knows more.
    Failed,
    /// Whoever wanted it wants it no more.
    Stopped,
}

/// How the whole result of a job is sent where Telegram takes `limit` bytes; `None` where a message shows it all.
pub(super) fn form(job: &Job, limit: u64) -> Option<Form> {
    if let Some(printed) = printed(job) {
        return printed.file.as_ref().map(|_| Form::Text);
    }
    let output = succeeded(job).filter(|_| render::needs_whole(job))?;
    // What else there is cannot be large.
    let Output::Numbers(_) = output else { return Some(Form::Text) };
    let length = length(&pieces(output));
    Some(match length {
        _ if length <= limit => Form::Text,
        _ if packed(length) <= limit => Form::Packed,
        _ => Form::Summary,
    })
}

/// Makes the document of a job's whole result, of no more than `limit` bytes, in this form or in one that is smaller.
/// All but [`Form::Text`] takes about a second for each 100 million digits. Blocks, until `stop` at most.
///
/// # Errors
/// [`NoDocument`].
pub(super) fn document(
    job: &Job,
    form: Form,
    store: &Store,
    limit: u64,
    stop: &CancellationToken,
) -> Result<Document, NoDocument> {
    if let Some(printed) = printed(job) {
        return output(job, printed, limit).ok_or(NoDocument::NotNeeded);
    }
    let output = succeeded(job).ok_or(NoDocument::NotNeeded)?;
    let whole = Whole { job, output, store, limit, stop };
    match (form, output) {
        (Form::Text, _) | (_, Output::Pokemon(_) | Output::Printed(_)) => Ok(whole.text()),
        (Form::Packed, Output::Numbers(numbers)) => match whole.packed(numbers) {
            Ok(packed) => Ok(packed),
            Err(PackError::No(why)) => Err(why),
            Err(PackError::TooLarge) => whole.summary(numbers),
            Err(PackError::Io(error)) => {
                tracing::warn!(%error, "a result could not be packed: its summary is sent");
                whole.summary(numbers)
            }
        },
        (Form::Summary, Output::Numbers(numbers)) => whole.summary(numbers),
    }
}

/// The output of a program, or its end where Telegram does not take all of it.
fn output(job: &Job, printed: &Printed, limit: u64) -> Option<Document> {
    let kept = printed.file.as_ref()?;
    let length = kept.bytes.min(limit);
    Some(Document {
        name: format!("{}.txt", file_stem(job)),
        caption: programs::output_caption(job.id, printed, length),
        length,
        content: Content::Pieces(vec![Piece::Kept { kept: kept.clone(), from: kept.bytes - length }]),
    })
}

/// A file that a program made, counted from 0; `None` where there is none.
pub(super) fn made(job: &Job, at: usize) -> Option<Document> {
    let all = &printed(job)?.made;
    let file = all.get(at)?;
    Some(Document {
        name: file.name.clone(),
        caption: programs::file_caption(job.id, at + 1, all.len()),
        length: file.kept.bytes,
        content: Content::Pieces(vec![Piece::Kept { kept: file.kept.clone(), from: 0 }]),
    })
}

/// How many files it made that are to be sent.
pub(super) fn count_made(job: &Job) -> usize {
    printed(job).map_or(0, |printed| printed.made.len())
}

/// What the job's program left, if it is one and has ended by itself.
fn printed(job: &Job) -> Option<&Printed> {
    match job.state.outcome()? {
        Outcome::Succeeded(Output::Printed(printed)) => Some(printed),
        Outcome::Failed(Failure::Program(program)) => Some(&program.printed),
        Outcome::Succeeded(_) | Outcome::Failed(_) | Outcome::Cancelled(_) => None,
    }
}

/// A result on its way to its document.
struct Whole<'a> {
    job: &'a Job,
    output: &'a Output,
    store: &'a Store,
    limit: u64,
    stop: &'a CancellationToken,
}

impl Whole<'_> {
    fn text(&self) -> Document {
        let pieces = pieces(self.output);
        Document {
            name: format!("{}.txt", file_stem(self.job)),
            caption: documents::caption(self.job.id),
            length: length(&pieces),
            content: Content::Pieces(pieces),
        }
    }

    fn packed(&self, numbers: &[Number]) -> Result<Document, PackError> {
        let name = format!("{}.txt", file_stem(self.job));
        let text = open(&pieces(self.output), self.store)?;
        let (file, length) = pack::pack(text, self.store.scratch()?, &name, self.limit, self.stop)?;
        Ok(Document {
            name: format!("{name}.gz"),
            caption: documents::packed_caption(self.job.id, digits(numbers), self.limit),
            length,
            content: Content::File(file),
        })
    }

    fn summary(&self, numbers: &[Number]) -> Result<Document, NoDocument> {
        let whole = length(&pieces(self.output));
        // Said where it was no way out.
        let packed = Some(packed(whole)).filter(|packed| *packed > self.limit);
        let mut text = documents::summary_start(whole, packed, self.limit);
        for number in numbers {
            let ends = ends::ends(open_digits(&number.digits, self.store)?, self.stop)?;
            let file = match &number.digits {
                Digits::Filed(filed) => Some(filed.file.as_str()),
                Digits::Here(_) => None,
            };
            text += &documents::summary(number, &ends, file);
        }
        Ok(Document {
            name: format!("{}-summary.txt", file_stem(self.job)),
            caption: documents::summary_caption(self.job.id, digits(numbers), self.limit),
            length: text.len() as u64,
            content: Content::Pieces(vec![Piece::Words(text)]),
        })
    }
}

/// The name of the file, without its ending: the command, `fib-300000`, `dex-multi-1-mew`; of many members the first,
/// `fib-multi-10-20-and-98-more`.
fn file_stem(job: &Job) -> String {
    // What a person has said may hold what no file's name should.
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-') { c } else { '-' };
    let command: String = job.spec.to_string().chars().map(plain).collect();
    let (words, mut stem) = (command.split(' '), String::new());
    let mut left = words.clone().count();
    for word in words {
        if !stem.is_empty() && stem.len() + word.len() > MAX_STEM {
            return format!("{stem}-and-{left}-more");
        }
        if !stem.is_empty() {
            stem.push('-');
        }
        stem.push_str(word);
        left -= 1;
    }
    stem
}

impl Document {
    /// Opens it at its beginning. Blocks.
    ///
    /// # Errors
    /// [`NoDocument`].
    pub(super) fn open(&self, store: &Store) -> Result<Box<dyn Read + Send>, NoDocument> {
        match &self.content {
            Content::Pieces(pieces) => Ok(Box::new(open(pieces, store)?)),
            Content::File(file) => match file.try_clone() {
                Ok(file) => Ok(Box::new(At { file, at: 0 })),
                Err(error) => {
                    tracing::error!(%error, "a packed result cannot be read");
                    Err(NoDocument::Failed)
                }
            },
        }
    }
}

fn succeeded(job: &Job) -> Option<&Output> {
    match job.state.outcome()? {
        Outcome::Succeeded(output) => Some(output),
        Outcome::Failed(_) | Outcome::Cancelled(_) => None,
    }
}

/// The whole text: a lone number's digits alone, or a line for each member.
fn pieces(output: &Output) -> Vec<Piece> {
    match output {
        Output::Numbers(numbers) if numbers.len() == 1 => vec![Piece::Digits(numbers[0].digits.clone())],
        Output::Numbers(numbers) => {
            let line = |number: &Number| {
                let digits = Piece::Digits(number.digits.clone());
                [Piece::Words(number_start(number.n)), digits, Piece::Words("\n".to_owned())]
            };
            numbers.iter().flat_map(line).collect()
        }
        Output::Pokemon(_) | Output::Printed(_) => {
            vec![Piece::Words(render::lines(output, usize::MAX).join("\n"))]
        }
    }
}

/// In bytes.
fn length(pieces: &[Piece]) -> u64 {
    let length = |piece: &Piece| match piece {
        Piece::Words(words) => words.len() as u64,
        Piece::Digits(digits) => digits.len() as u64,
        Piece::Kept { kept, from } => kept.bytes.saturating_sub(*from),
    };
    pieces.iter().map(length).sum()
}

/// Bytes that are left of so many when they are packed, about.
fn packed(length: u64) -> u64 {
    length.saturating_mul(PACKED) / 1_000
}

/// Digits of all numbers together.
fn digits(numbers: &[Number]) -> usize {
    numbers.iter().map(|number| number.digits.len()).sum()
}

/// Opens all pieces, at once: what is dropped meanwhile stays readable.
fn open(pieces: &[Piece], store: &Store) -> Result<Pieces, NoDocument> {
    let reader = |piece: &Piece| match piece {
        Piece::Words(words) => Ok(Box::new(Cursor::new(words.clone())) as _),
        Piece::Digits(digits) => open_digits(digits, store),
        Piece::Kept { kept, from } => open_kept(kept, *from, store),
    };
    pieces.iter().map(reader).collect::<Result<_, _>>().map(Pieces)
}

/// All digits of a number, from wherever they are.
fn open_digits(digits: &Digits, store: &Store) -> Result<Box<dyn Read + Send>, NoDocument> {
    match store.digits(digits) {
        Ok(Some(digits)) => Ok(digits),
        Ok(None) => Err(NoDocument::Dropped),
        Err(error) => {
            tracing::error!(%error, ?digits, "a result cannot be read");
            Err(NoDocument::Dropped)
        }
    }
}

/// What a program left, from a place on.
fn open_kept(kept: &Kept, from: u64, store: &Store) -> Result<Box<dyn Read + Send>, NoDocument> {
    match store.kept(kept, from) {
        Ok(Some(file)) => Ok(file),
        Ok(None) => Err(NoDocument::Dropped),
        Err(error) => {
            tracing::error!(%error, ?kept, "what a program left cannot be read");
            Err(NoDocument::Dropped)
        }
    }
}

/// What is left to be read.
struct Pieces(VecDeque<Box<dyn Read + Send>>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(first) = self.0.front_mut() {
            match first.read(buffer)? {
                0 => drop(self.0.pop_front()),
                read => return Ok(read),
            }
        }
        Ok(0)
    }
}

/// A reader of a file that has others, too.
struct At {
    file: File,
    at: u64,
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
