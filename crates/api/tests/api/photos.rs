//! Photos over Microsoft Graph.

use crate::common::Server;
use axum::body::Body;
use http::{Request, header};
use serde_json::json;

/// A JPEG of 7 by 9, as small as one can be, with this much of a picture.
fn jpeg(picture: &[u8]) -> Vec<u8> {
    let mut file = vec![
        0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 9, 0, 7, 1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0,
    ];
    file.extend(picture);
    file.extend([0xff, 0xd9]);
    file
}

async fn put(server: &Server, method: &str, path: &str, token: &str, file: Vec<u8>) -> crate::common::Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "image/jpeg");
    server.send(request.body(Body::from(file)).unwrap()).await
}

#[tokio::test]
async fn a_photo_is_given_shown_and_taken_away() {
    let server = Server::new().await;
    server.organization().await;
    let sales = server.id_of("Sales").await;
    for object in ["/v1.0/users/ann@contoso.com".to_owned(), format!("/v1.0/groups/{sales}")] {
        let photo = format!("{object}/photo");
        let value = format!("{photo}/$value");
        for path in [&photo, &value, &format!("{object}/photos/7x9")] {
            let answer = server.get(path).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "ImageNotFound"), "{path}");
        }
        assert_eq!(server.get(&format!("{object}/photos")).await.json()["value"], json!([]));
        assert_eq!(put(&server, "PUT", &value, &server.admin, jpeg(b"one")).await.status, 200);
        let about = server.get(&photo).await.json();
        assert_eq!((&about["id"], &about["width"], &about["height"]), (&json!("7x9"), &json!(7), &json!(9)));
        assert_eq!(about["@odata.mediaContentType"], "image/jpeg");
        let shown = server.get(&value).await;
        assert_eq!(
            (shown.body.clone(), &shown.headers[header::CONTENT_TYPE]),
            (jpeg(b"one"), &"image/jpeg".parse().unwrap())
        );
        assert_eq!(about["@odata.mediaEtag"], shown.headers[header::ETAG].to_str().unwrap());
        // Who has it is not sent it again.
        let known =
            Request::builder().uri(&value).header(header::IF_NONE_MATCH, &shown.headers[header::ETAG]);
        let known = known.header(header::AUTHORIZATION, format!("Bearer {}", server.admin));
        let known = server.send(known.body(Body::empty()).unwrap()).await;
        assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
        // The one size that there is, and no other.
        assert_eq!(
            server.get(&format!("{object}/photos")).await.json()["value"].as_array().unwrap().len(),
            1
        );
        assert_eq!(server.get(&format!("{object}/photos('7x9')/$value")).await.body, jpeg(b"one"));
        assert_eq!(server.get(&format!("{object}/photos/48x48/$value")).await.status, 404);
        assert_eq!(put(&server, "PATCH", &value, &server.admin, jpeg(b"two")).await.status, 200);
        assert_eq!(server.get(&value).await.body, jpeg(b"two"));
        assert_ne!(server.get(&photo).await.json()["@odata.mediaEtag"], about["@odata.mediaEtag"]);
        assert_eq!(server.call("DELETE", &value, &server.admin, None).await.status, 204);
        assert_eq!(server.call("DELETE", &photo, &server.admin, None).await.status, 404);
        assert_eq!(server.get(&value).await.status, 404);
    }
}

#[tokio::test]
async fn what_is_no_photo_is_refused() {
    let server = Server::new().await;
    server.organization().await;
    let value = "/v1.0/users/ann@contoso.com/photo/$value";
    for bad in [b"\x89PNG\r\n\x1a\n".to_vec(), Vec::new(), jpeg(b"x")[..20].to_vec()] {
        let answer = put(&server, "PUT", value, &server.admin, bad).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "InvalidImage"));
    }
    let large = jpeg(&vec![1; 4 * 1024 * 1024]);
    assert_eq!(put(&server, "PUT", value, &server.admin, large).await.status, 413);
    let most = jpeg(&vec![1; 4 * 1024 * 1024 - 27]);
    assert_eq!(put(&server, "PUT", value, &server.admin, most).await.status, 200);
    assert_eq!(put(&server, "PUT", value, &server.reader, jpeg(b"x")).await.status, 403);
    assert_eq!(server.call("GET", value, &server.reader, None).await.status, 200);
    assert_eq!(
        put(&server, "PUT", "/v1.0/users/nobody/photo/$value", &server.admin, jpeg(b"x")).await.status,
        404
    );
    assert_eq!(put(&server, "POST", value, &server.admin, jpeg(b"x")).await.status, 501);
    // In a batch it is base64.
    let batch =
        json!({"requests": [{"id": "1", "method": "GET", "url": "/users/ann@contoso.com/photo/$value"}]});
    put(&server, "PUT", value, &server.admin, jpeg(b"x")).await;
    let answer = server.call("POST", "/v1.0/$batch", &server.admin, Some(batch)).await.json();
    assert_eq!(answer["responses"][0]["headers"]["Content-Type"], "image/jpeg");
    assert!(answer["responses"][0]["body"].as_str().unwrap().starts_with("/9j/"), "{answer}");
}
