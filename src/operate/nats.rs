//! The NATS of many machines: whether it is there, new enough, and keeps what it is given.

use std::time::Duration;

use super::{
    check::{Report, Standing},
    size,
};
use crate::{
    config::Config,
    nats::{MIN_PAYLOAD, MIN_VERSION, Nats, Options, Side},
};

const WHAT: &str = "NATS";
/// How long it may take until one of the servers lets this process in.
const LIMIT: Duration = Duration::from_secs(5);

/// Connects as a bot or a worker would. Nothing that is made there stays.
pub(super) async fn check(report: &mut Report, config: &Config) {
    let servers = &config.machines.nats_url;
    let side = if config.machines.is_bot_alone() { Side::Bot } else { Side::Worker };
    let options = Options::of(config, config.bot_id().unwrap_or_default(), side, "check".to_owned());
    let nats = match Nats::connect(&options).await {
        Ok(nats) => nats,
        Err(error) => {
            let standing = if error.is_about_settings() { Standing::Settings } else { Standing::Wrong };
            return report.line(standing, WHAT, error);
        }
    };
    if tokio::time::timeout(LIMIT, nats.up()).await.is_err() {
        let text = format!("{servers}: no answer, or it does not let this process in");
        return report.line(Standing::Wrong, WHAT, text);
    }
    let version = nats.version().unwrap_or_default();
    if !nats.is_new_enough() {
        let (major, minor, _) = MIN_VERSION;
        let text = format!("{servers}: version {version} is too old, {major}.{minor} is wanted");
        return report.line(Standing::Settings, WHAT, text);
    }
    if nats.max_payload() < MIN_PAYLOAD {
        let text = format!(
            "{servers}: max_payload is {} bytes, {MIN_PAYLOAD} or more are wanted",
            nats.max_payload()
        );
        return report.line(Standing::Settings, WHAT, text);
    }
    report.line(Standing::Ok, WHAT, format!("{servers}: version {version}"));
    match nats.jetstream().query_account().await {
        Ok(account) => {
            let text = format!("{} streams, {}", account.streams, size(account.storage));
            report.line(Standing::Ok, "JetStream", text);
            // A worker makes nothing, and may not be allowed to.
            if side == Side::Bot {
                replicas(report, config, &nats).await;
            }
        }
        Err(_) => report.line(
            Standing::Settings,
            "JetStream",
            "it is not on, or not for this account: see contrib/nats.conf",
        ),
    }
}

/// Whether as many servers keep what is put there as the settings want.
async fn replicas(report: &mut Report, config: &Config, nats: &Nats) {
    const WHAT: &str = "replicas";
    let wanted = config.machines.nats_replicas;
    match tokio::time::timeout(LIMIT, nats.try_stream()).await {
        Ok(Ok(())) => report.line(Standing::Ok, WHAT, format!("servers that keep each message: {wanted}")),
        Ok(Err(error)) => {
            let text = format!("JOBBOARD_NATS_REPLICAS={wanted}: {error}: are there so many servers?");
            report.line(Standing::Settings, WHAT, text);
        }
        Err(_) => {
            let text = "no answer: are too many servers of the cluster away?";
            report.line(Standing::Wrong, WHAT, text);
        }
    }
}
