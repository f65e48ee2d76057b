//! The webhook's settings.

use serde_json::{Value, json};

use super::{
    super::{
        errors::{TOO_LARGE, bad_request},
        webhook::{LastError, Webhook},
        world::World,
    },
    Params, Result, remember_allowed,
};

/// The real server's bounds.
const MAX_CONNECTIONS: i64 = 100;
const CONNECTIONS: i64 = 40;

/// setWebhook. An https:// address is taken and never called; one of this machine is, by http (as the real server takes
/// those that run on one's own machine).
pub(super) fn set(world: &mut World, params: &Params) -> Result<Value> {
    let url = params.str("url").unwrap_or_default();
    if params.files.values().any(|file| file.bytes.len() > world.options.max_upload) {
        return Err(TOO_LARGE);
    }
    if url.is_empty() {
        return Ok(delete(world, params));
    }
    let parsed = reqwest::Url::parse(url).map_err(|_| bad_request("invalid webhook URL specified"))?;
    if parsed.scheme() != "https" && !(parsed.scheme() == "http" && parsed.host_str() == Some("127.0.0.1")) {
        return Err(bad_request("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let secret = params.str("secret_token").unwrap_or_default();
    if !secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Err(bad_request("secret token contains unallowed characters"));
    }
    remember_allowed(world, params);
    if params.flag("drop_pending_updates") {
        world.updates.clear();
    }
    let connections = params.int("max_connections").unwrap_or(CONNECTIONS).clamp(1, MAX_CONNECTIONS);
    world.webhooks += 1;
    world.webhook = Some(Webhook {
        url: parsed,
        given: url.to_owned(),
        secret: secret.to_owned(),
        max_connections: usize::try_from(connections).unwrap_or(1),
        ip_address: params.str("ip_address").map(str::to_owned),
        has_certificate: params.map.contains_key("certificate"),
        last_error: None,
    });
    Ok(Value::Bool(true))
}

/// deleteWebhook.
pub(super) fn delete(world: &mut World, params: &Params) -> Value {
    if params.flag("drop_pending_updates") {
        world.updates.clear();
    }
    world.webhooks += 1;
    world.webhook = None;
    Value::Bool(true)
}

/// getWebhookInfo.
pub(super) fn info(world: &World) -> Value {
    let mut info = json!({
        "url": "", "has_custom_certificate": false, "pending_update_count": world.updates.len(),
    });
    if let Some(webhook) = &world.webhook {
        info["url"] = json!(webhook.given);
        info["has_custom_certificate"] = json!(webhook.has_certificate);
        info["max_connections"] = json!(webhook.max_connections);
        if let Some(address) = &webhook.ip_address {
            info["ip_address"] = json!(address);
        }
        if let Some(LastError { date, message }) = &webhook.last_error {
            info["last_error_date"] = json!(date);
            info["last_error_message"] = json!(message);
        }
    }
    if let Some(kinds) = &world.allowed_updates {
        info["allowed_updates"] = json!(kinds);
    }
    info
}
