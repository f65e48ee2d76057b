//! `jobboard health`: what a container's health check asks.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::{Client, redirect::Policy};

use super::OperateError;

/// Shorter than what health checks wait for their command.
const LIMIT: Duration = Duration::from_secs(3);
/// Bytes of the answer that are shown.
const MAX_SHOWN: usize = 200;

/// Asks the bot that listens at this address.
pub(super) async fn ask(address: Option<SocketAddr>, ready: bool) -> Result<(), OperateError> {
    let address = reachable(address.ok_or(OperateError::NoAddress)?);
    let path = if ready { "readyz" } else { "healthz" };
    let client = Client::builder().timeout(LIMIT).no_proxy().redirect(Policy::none()).build();
    let client = client.map_err(|error| OperateError::Machine(error.to_string()))?;
    let unwell = |why: String| OperateError::Unwell(format!("http://{address}/{path}: {why}"));
    let answer = client.get(format!("http://{address}/{path}")).send().await;
    let answer = answer.map_err(|error| {
        unwell(if error.is_timeout() {
            "no answer within 3 s".to_owned()
        } else {
            "nobody answers".to_owned()
        })
    })?;
    let status = answer.status();
    if status == reqwest::StatusCode::OK {
        return Ok(());
    }
    // It says why; it may be anybody who listens there, so it is cut, and made one line.
    let body = answer.text().await.unwrap_or_default();
    let body: String = body.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SHOWN).collect();
    Err(unwell(format!("status {} {}", status.as_u16(), body.trim()).trim_end().to_owned()))
}

/// A bot that listens on all addresses is asked at loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_asked_at_loopback() {
        for (listens, asked) in
            [("0.0.0.0:9090", "127.0.0.1:9090"), ("[::]:9090", "[::1]:9090"), ("10.1.2.3:80", "10.1.2.3:80")]
        {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
