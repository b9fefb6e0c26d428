//! Forms with a file, as n8n posts them.

use axum::body::Body;
use http::Method;

use super::{Answer, Caller};

/// Posts a form as n8n does: fields as texts, and the file.
pub async fn form(
    caller: &Caller,
    path: &str,
    fields: &[(&str, &str)],
    file: &[u8],
    headers: &[(&str, &str)],
) -> Answer {
    let boundary = headers.iter().find(|(name, _)| *name == "boundary").map_or("----n8n", |(_, value)| value);
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"data\"; filename=\"logo.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    let media = format!("multipart/form-data; boundary={boundary}");
    let mut all = vec![("x-api-key", caller.text.as_str()), ("content-type", media.as_str())];
    all.extend(headers.iter().filter(|(name, _)| *name != "boundary"));
    caller.send(Method::POST, path, Body::from(body), &all).await
}
