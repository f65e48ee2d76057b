//! What programs left on the machines of workers: one file a job, which comes through the store of large results.

use std::{io, path::Path};

use async_nats::jetstream::object_store::GetErrorKind;
use tokio::{
    fs::{self, File},
    io::AsyncReadExt,
};

use super::Remote;
use crate::{
    nats::{Key, NatsError, Report},
    work::programs,
};

impl Remote {
    /// The report with the program's file in the bot's own folder, under the name that a program of this process would have
    /// given it. Where the file is lost, the report says so: what the program did is done, so it is not run again for that.
    pub(super) async fn with_files(&self, key: Key, report: Report) -> Report {
        let Some(printed) = report.end.printed() else { return report };
        let Some((file, length)) = printed.kept() else { return report };
        let name = programs::file_name(key.job);
        let fetched = match &report.object {
            // Nobody but a worker that is not ours would call it otherwise.
            Some(object) if file == name => self.fetch_file(key, object, &name, length).await,
            _ => false,
        };
        if fetched {
            return report;
        }
        tracing::warn!(%key, worker = report.worker, "what a program left is lost");
        let printed = printed.clone().without_file();
        Report { end: report.end.with_printed(printed), ..report }
    }

    /// Whether the file is there now. It is asked for as long as NATS is away.
    async fn fetch_file(&self, key: Key, object: &str, name: &str, length: u64) -> bool {
        // Nothing closes it.
        let _permit = self.fetches.acquire().await.ok();
        let fetch = || async {
            let refused = NatsError::refused("a file");
            let mut found = match self.stored().await.large.get(object).await {
                Ok(found) => found.take(length),
                Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(refused(&error)),
            };
            match keep(&mut found, &self.results, name).await {
                Ok(bytes) if bytes == length => Ok(true),
                Ok(_) => Ok(false),
                // A full disk has no room for it a moment later either.
                Err(error) if error.kind() != io::ErrorKind::Other => {
                    tracing::warn!(%key, %error, "what a program left cannot be kept");
                    Ok(false)
                }
                Err(error) => Err(refused(&error)),
            }
        };
        self.nats.insist(self.timings.again, ("a file is not fetched", &key as _), fetch).await
    }
}

/// Copies it into the folder; it has its name when all of it is on the disk. Gives its length.
async fn keep(
    from: &mut (impl tokio::io::AsyncRead + Unpin + Send),
    folder: &Path,
    name: &str,
) -> io::Result<u64> {
    fs::create_dir_all(folder).await?;
    let part = folder.join(format!("{name}.part"));
    let mut file = File::create(&part).await?;
    let copied = async {
        let bytes = tokio::io::copy(from, &mut file).await?;
        file.sync_all().await?;
        fs::rename(&part, folder.join(name)).await?;
        // The name, too, has to be on the disk.
        File::open(folder).await?.sync_all().await?;
        Ok(bytes)
    };
    let copied = copied.await;
    if copied.is_err() {
        // What stays is removed at the next start.
        fs::remove_file(&part).await.ok();
    }
    copied
}
