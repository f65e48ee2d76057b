//! What is in a bucket now. A plain `get` may be answered by any server that keeps the bucket, also by one that has not heard of
//! the last words yet: for what somebody is told, or not begun, because of the answer, that is not enough.

use std::fmt;

use async_nats::jetstream::{
    kv,
    stream::{LastRawMessageError, LastRawMessageErrorKind},
};
use bytes::Bytes;

/// The header of what stands for a removed key (NATS's ADR-8).
const OPERATION: &str = "KV-Operation";

/// What is under a key, as the server knows it that leads the bucket; `None` where nothing is, or not any more.
pub(crate) async fn current(
    bucket: &kv::Store,
    key: impl fmt::Display,
) -> Result<Option<Bytes>, LastRawMessageError> {
    let subject = format!("{}{key}", bucket.prefix);
    match bucket.stream.get_last_raw_message_by_subject(&subject).await {
        Ok(message) => Ok(message.headers.get(OPERATION).is_none().then_some(message.payload)),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error),
    }
}
