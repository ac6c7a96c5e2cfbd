//! `/users/{id}/photo`, `/groups/{id}/photo`: read, written and removed. Of a photo there is the one size that was given,
//! and no other is told or made up.
//!
//! Source: Microsoft Graph's reference of `profilePhoto` (get, update, delete).

use super::answer::{Call, map, respond};
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Method, StatusCode, header};
use lockstep_model::ObjectKind;
use lockstep_tenant::StoredObject;
use lockstep_tenant::photo::{MAX_PHOTO_BYTES, Photo, PhotoInfo, PhotoRefusal};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What follows `/photo` or `/photos`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// `/photo`, `/photos/{size}`: what it is like.
    About(Option<&'a str>),
    /// `/photo/$value`, `/photos/{size}/$value`: the picture.
    Picture(Option<&'a str>),
    /// `/photos`: the sizes.
    Sizes,
}

impl<'a> Asked<'a> {
    /// What is asked for by the segments after the object's; none where it is no photo.
    pub(super) fn of(segments: &[&'a str]) -> Option<Self> {
        Some(match *segments {
            ["photo"] => Self::About(None),
            ["photo", "$value"] => Self::Picture(None),
            ["photos"] => Self::Sizes,
            ["photos", size] => Self::About(Some(size)),
            ["photos", size, "$value"] => Self::Picture(Some(size)),
            _ => return None,
        })
    }
}

fn none() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "ImageNotFound", "The photo wasn't found.")
}

/// The set that an object is of.
const fn set(object: &StoredObject) -> &'static str {
    match object.kind {
        ObjectKind::Group => "groups",
        _ => "users",
    }
}

/// `GET`
pub(super) async fn read(call: &Call, object: &StoredObject, asked: Asked<'_>) -> Result<Response, ApiError> {
    let info = call.state.store.photo_info(object.id).await?;
    let of_size = |size: Option<&str>| {
        info.clone().filter(|info| size.is_none_or(|size| size == info.size())).ok_or_else(none)
    };
    let set = set(object);
    match asked {
        Asked::About(size) => {
            let mut about = map(about(&of_size(size)?));
            let context = format!("{}/$metadata#{set}('{}')/photo/$entity", call.root, object.id);
            about.insert("@odata.context".into(), context.into());
            respond(&about)
        }
        Asked::Sizes => {
            let context = format!("{}/$metadata#{set}('{}')/photos", call.root, object.id);
            let sizes: Vec<Value> = info.iter().map(about).collect();
            respond(&map(json!({"@odata.context": context, "value": sizes})))
        }
        Asked::Picture(size) => {
            let known = quoted(&of_size(size)?);
            if call.none_match.as_deref().is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == known)) {
                return Ok(kept(StatusCode::NOT_MODIFIED.into_response(), &known));
            }
            let photo = call.state.store.photo(object.id).await?.ok_or_else(none)?;
            let etag = quoted(&photo.info);
            let mut response = Body::from(photo.jpeg).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
            Ok(kept(response, &etag))
        }
    }
}

/// A browser may keep it, and asks each time whether it is still the one.
fn kept(mut response: Response, etag: &str) -> Response {
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

fn quoted(info: &PhotoInfo) -> String {
    format!("\"{}\"", info.etag)
}

fn about(info: &PhotoInfo) -> Value {
    json!({
        "@odata.mediaContentType": "image/jpeg",
        "@odata.mediaEtag": quoted(info),
        "id": info.size(),
        "width": info.width,
        "height": info.height,
    })
}

/// `PUT` and `PATCH` of `/photo/$value`: 200, as in Graph. `DELETE` of it or of `/photo`: 204.
pub(super) async fn change(
    call: &Call,
    method: &Method,
    object: &StoredObject,
    asked: Asked<'_>,
    content: Body,
) -> Result<Response, ApiError> {
    let writes = *method == Method::PUT || *method == Method::PATCH;
    let photo = match asked {
        Asked::Picture(None) if writes => Some(given(call, content).await?),
        Asked::Picture(None) | Asked::About(None) if *method == Method::DELETE => None,
        _ => return Err(ApiError::not_implemented("A photo is written and removed as `photo/$value`.")),
    };
    let removes = photo.is_none();
    let (store, now) = (&call.state.store, call.state.now());
    if !store.set_photo(object.id, photo, call.caller.name.clone(), now).await? {
        return Err(none());
    }
    let topic = if object.kind == ObjectKind::Group { Topics::GROUPS } else { Topics::USERS };
    call.state.events.publish(topic);
    Ok(if removes { StatusCode::NO_CONTENT } else { StatusCode::OK }.into_response())
}

/// The photo that was sent. Only few are held at a time.
async fn given(call: &Call, content: Body) -> Result<Photo, ApiError> {
    let turn = call.state.large_bodies.acquire().await;
    let _turn = turn.map_err(|_| ApiError::unavailable("The server stops."))?;
    let bytes = body::read(content, MAX_PHOTO_BYTES).await?;
    let digest = Sha256::digest(&bytes);
    let etag = URL_SAFE_NO_PAD.encode(digest.get(..12).unwrap_or_default());
    Photo::of(bytes.to_vec(), etag).map_err(|why| match why {
        PhotoRefusal::TooLarge => ApiError::too_large(MAX_PHOTO_BYTES),
        PhotoRefusal::NotJpeg => ApiError::new(StatusCode::BAD_REQUEST, "InvalidImage", why.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let check = |segments: &[&str], expect| assert_eq!(Asked::of(segments), expect, "{segments:?}");
        check(&["photo"], Some(Asked::About(None)));
        check(&["photo", "$value"], Some(Asked::Picture(None)));
        check(&["photos"], Some(Asked::Sizes));
        check(&["photos", "48x48"], Some(Asked::About(Some("48x48"))));
        check(&["photos", "48x48", "$value"], Some(Asked::Picture(Some("48x48"))));
        for other in [&[][..], &["photo", "48x48"], &["photos", "a", "b"], &["photox"]] {
            check(other, None);
        }
    }
}
