//! From an HTTP request to a call's parameters: a query, a JSON body, a form or a multipart form with files.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Multipart, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use bytes::{Bytes, BytesMut};
use reqwest::Url;
use serde_json::{Map, Value};

use super::{
    errors::{ApiError, TOO_LARGE, bad_request},
    methods::{Params, Upload},
};

/// The biggest body without files; a text of 4096 characters is far below it in every encoding.
const MAX_BODY: usize = 4 << 20;
/// The biggest multipart body: a document of 50 MB and its parameters.
const MAX_MULTIPART: usize = 56 << 20;

/// Reads the query and the body.
///
/// # Errors
/// 400 where the body is malformed, 413 where it is too large.
pub(super) async fn read(request: Request) -> Result<Params, ApiError> {
    let mut params = Params::default();
    if let Some(query) = request.uri().query() {
        add_form(&mut params.map, query);
    }
    let kind = content_type(request.headers());
    if kind == "multipart/form-data" {
        add_multipart(&mut params, request).await?;
        return Ok(params);
    }
    let body = read_body(request.into_body()).await?;
    if body.is_empty() {
        return Ok(params);
    }
    match kind.as_str() {
        "application/json" => match serde_json::from_slice(&body) {
            Ok(Value::Object(object)) => params.map.extend(object),
            _ => return Err(bad_request("can't parse request: expected a JSON object")),
        },
        "application/x-www-form-urlencoded" => add_form(&mut params.map, &String::from_utf8_lossy(&body)),
        _ => return Err(bad_request("unsupported content type")),
    }
    Ok(params)
}

fn content_type(headers: &HeaderMap) -> String {
    let header = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    to_bytes(body, MAX_BODY).await.map_err(|_| TOO_LARGE)
}

fn add_form(map: &mut Map<String, Value>, form: &str) {
    // The host does not matter: the type is here for its decoding of queries, which is that of forms.
    let Ok(mut url) = Url::parse("http://localhost/") else { return };
    url.set_query(Some(form));
    map.extend(url.query_pairs().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))));
}

/// A part with a file name is a file, any other one a parameter.
async fn add_multipart(params: &mut Params, request: Request) -> Result<(), ApiError> {
    let malformed = |_| bad_request("can't parse multipart/form-data request");
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| bad_request("can't parse multipart/form-data request"))?;
    let mut size = 0;
    while let Some(mut part) = parts.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let mut bytes = BytesMut::new();
        while let Some(chunk) = part.chunk().await.map_err(malformed)? {
            size += chunk.len();
            // What is too much is read all the same and thrown away: a client that is still sending would see a
            // broken connection and not the answer.
            if size <= MAX_MULTIPART {
                bytes.extend_from_slice(&chunk);
            }
        }
        if let Some(file_name) = file_name {
            params.files.insert(name, Upload { name: file_name, bytes: bytes.freeze() });
        } else {
            params.map.insert(name, Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    if size > MAX_MULTIPART { Err(TOO_LARGE) } else { Ok(()) }
}
