//! Objects of NATS as they are read: what does not come any more must not be waited for for ever.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{ReplicaError, log::away};

/// How long the next bytes may take. Those of an object that was dropped meanwhile never come.
const IDLE: Duration = Duration::from_secs(10);
const BUFFER: usize = 128 * 1024;

/// Copies an object to a file. `false` where its bytes are not those that were put there, which no second look changes.
///
/// # Errors
/// [`ReplicaError::Away`], also where nothing came for a while; or what is wrong with the file.
pub(super) async fn copy(
    object: impl AsyncRead + Unpin,
    to: &mut tokio::fs::File,
) -> Result<bool, ReplicaError> {
    copy_within(IDLE, object, to).await
}

async fn copy_within(
    idle: Duration,
    mut object: impl AsyncRead + Unpin,
    to: &mut tokio::fs::File,
) -> Result<bool, ReplicaError> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = timeout(idle, object.read(&mut buffer)).await;
        match read.map_err(|_| away("an object does not come to its end"))? {
            Ok(0) => break,
            Ok(count) => to.write_all(&buffer[..count]).await?,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
            Err(error) => return Err(away(error)),
        }
    }
    to.sync_all().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> tokio::fs::File {
        tokio::fs::File::from_std(tempfile::tempfile().unwrap())
    }

    #[tokio::test]
    async fn an_object_whose_end_never_comes_is_given_up() {
        let (mut from, object) = tokio::io::duplex(64);
        from.write_all(b"its beginning").await.unwrap();
        let copied = copy_within(Duration::from_millis(20), object, &mut file()).await;
        assert!(matches!(copied, Err(ReplicaError::Away(_))), "{copied:?}");
        drop(from);
    }

    #[tokio::test]
    async fn bytes_that_are_others_are_told_from_those_that_do_not_come() {
        struct Wrong(io::ErrorKind);
        impl AsyncRead for Wrong {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                _: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                std::task::Poll::Ready(Err(self.0.into()))
            }
        }
        assert_eq!(copy(Wrong(io::ErrorKind::InvalidData), &mut file()).await, Ok(false));
        let away = copy(Wrong(io::ErrorKind::TimedOut), &mut file()).await;
        assert!(matches!(away, Err(ReplicaError::Away(_))), "{away:?}");
    }
}
