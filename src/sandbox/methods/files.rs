//! Files: uploads, files sent again by their id, and getFile.

use std::sync::Arc;

use serde_json::Value;

use super::{
    super::{
        errors::{TOO_LARGE, bad_request},
        json,
        world::{File, World},
    },
    Params, Result, Upload,
};

/// The biggest photo (Bot API, sendPhoto).
const MAX_PHOTO: usize = 10 << 20;
/// The biggest file that a bot may download (Bot API, getFile).
const MAX_DOWNLOAD: usize = 20 << 20;

/// The file of a parameter: `attach://part`, a part of that very name, or the id of a file that was sent before.
pub(super) fn input(
    world: &mut World,
    params: &Params,
    value: Option<&str>,
    name: &str,
    is_photo: bool,
) -> Result<Arc<File>> {
    let part = match value {
        None => Some(name),
        Some(value) => value.strip_prefix("attach://"),
    };
    if let Some(part) = part {
        let missing = || bad_request(format_args!("there is no {name} in the request"));
        return upload(world, params.files.get(part).ok_or_else(missing)?, is_photo);
    }
    let id = value.unwrap_or_default();
    if id.starts_with("http://") || id.starts_with("https://") {
        return Err(bad_request("the sandbox does not fetch files from URLs"));
    }
    let file = json::file_by_id(world, id).cloned();
    let file = file.ok_or_else(|| bad_request("wrong file identifier/HTTP URL specified"))?;
    match (file.photo.is_some(), is_photo) {
        (true, false) => Err(bad_request("can't use file of type Photo as Document")),
        (false, true) => Err(bad_request("can't use file of type Document as Photo")),
        _ => Ok(file),
    }
}

fn upload(world: &mut World, upload: &Upload, is_photo: bool) -> Result<Arc<File>> {
    let size = upload.bytes.len();
    if size == 0 {
        return Err(bad_request("file must be non-empty"));
    }
    if size > world.options.max_upload {
        return Err(TOO_LARGE);
    }
    if !is_photo {
        return Ok(world.add_file(&upload.name, upload.bytes.clone(), None));
    }
    if size > MAX_PHOTO {
        return Err(bad_request(format_args!(
            "file of size {size} bytes is too big for a photo; the maximum size is {MAX_PHOTO} bytes"
        )));
    }
    let (width, height) = picture_size(&upload.bytes).ok_or_else(|| bad_request("IMAGE_PROCESS_FAILED"))?;
    let (short, long) = (width.min(height), width.max(height));
    if short == 0 || long / short > 20 || u64::from(width) + u64::from(height) > 10_000 {
        return Err(bad_request("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok(world.add_file(&upload.name, upload.bytes.clone(), Some((width, height))))
}

/// Width and height of a PNG or a JPEG, by its head.
pub(in super::super) fn picture_size(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        return Some((number(16)?, number(20)?));
    }
    // JPEG: segments of a marker and a length, until the one that starts a frame.
    let mut at = if bytes.starts_with(b"\xff\xd8") { 2 } else { return None };
    loop {
        let [0xff, marker, high, low] = *bytes.get(at..at + 4)? else { return None };
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let [high, low, wide, narrow] = *bytes.get(at + 5..at + 9)? else { return None };
            return Some((u16::from_be_bytes([wide, narrow]).into(), u16::from_be_bytes([high, low]).into()));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

/// getFile.
pub(super) fn get_file(world: &World, params: &Params) -> Result<Value> {
    let id = params.str("file_id").unwrap_or_default();
    let file = json::file_by_id(world, id).ok_or_else(|| bad_request("invalid file_id"))?;
    if file.bytes.len() > MAX_DOWNLOAD {
        return Err(bad_request("file is too big"));
    }
    Ok(json::file(file, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_pictures() {
        let jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x10\x00\x20\x03";
        assert_eq!(picture_size(jpeg), Some((32, 16)));
        assert_eq!(picture_size(&jpeg[..12]), None);
        assert_eq!(picture_size(b"GIF89a"), None);
    }
}
