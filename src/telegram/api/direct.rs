//! The way of a JSON call where no proxy stands between the bot and the server: hyper's pool of connections.
//!
//! reqwest, which carries the rest, reads the address anew at each stage of a call, four times in all, and looks for redirects
//! that the Bot API has none of: together a tenth of the CPU time of an answer.

use std::{error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Uri,
    header::{CONTENT_TYPE, HeaderValue},
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::{
        legacy::{Client, connect::HttpConnector},
        proxy::matcher::Matcher,
    },
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::timeout;

use super::ApiError;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// How long a connection that nobody uses is kept; as long as reqwest keeps it.
const IDLE: Duration = Duration::from_secs(90);

/// Connections to one server.
#[derive(Clone)]
pub(super) struct Direct(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Direct {
    /// `None` where another way has to be taken: a proxy is set for this server, or its address holds a name and a password.
    pub(super) fn to(server: &str, connect: Duration) -> Option<Self> {
        let server: Uri = server.parse().ok()?;
        let is_plain = server.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        if !is_plain || Matcher::from_env().intercept(&server).is_some() {
            return None;
        }
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.set_connect_timeout(Some(connect));
        http.enforce_http(false);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let https = HttpsConnectorBuilder::new().with_provider_and_webpki_roots(provider).ok()?;
        let connector = https.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Some(Self(client))
    }

    /// Makes a call; its status, and what was answered.
    ///
    /// # Errors
    /// [`ApiError::Connection`], also where it takes longer than `limit`.
    pub(super) async fn post(
        &self,
        uri: Uri,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<(u16, Bytes), ApiError> {
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        let call = async {
            let response = self.0.request(request).await.map_err(|error| lost(&error))?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(|error| lost(&error))?;
            Ok((status, body.to_bytes()))
        };
        let timed_out = |_| Err(ApiError::Connection("the time is over".to_owned()));
        timeout(limit, call).await.unwrap_or_else(timed_out)
    }
}

/// hyper's errors name no address, so no token.
fn lost(error: &dyn Error) -> ApiError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    ApiError::Connection(format!("{error}{cause}"))
}
