//! The files of sentences, beside what the code asks of them.
