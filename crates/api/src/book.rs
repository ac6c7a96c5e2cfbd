//! The book, served by the server itself under `/docs`: the Markdown of `docs/src`, embedded and rendered when
//! asked for. Open to all, as the portal's own files are: it holds nothing of any tenant.

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../docs/src"]
struct Book;

const STYLE: &str = include_str!("book.css");

/// `GET /docs`: the links between pages need the slash.
pub(crate) async fn to_front() -> Redirect {
    Redirect::permanent("/docs/")
}

/// `GET /docs/`.
pub(crate) async fn front() -> Response {
    page("README.html")
}

/// `GET /docs/{path}`: a page by its name with `.html`, or a picture.
pub(crate) async fn show(path: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(path)) = path else { return missing("") };
    match path.as_str() {
        "" => page("README.html"),
        "book.css" => file(STYLE.as_bytes().to_vec(), "text/css; charset=utf-8"),
        path if path.ends_with(".html") => page(path),
        path => picture(path),
    }
}

fn picture(path: &str) -> Response {
    let kind = match path.rsplit('.').next() {
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        _ => return missing(path),
    };
    Book::get(path).map_or_else(|| missing(path), |found| file(found.data.into_owned(), kind))
}

fn page(path: &str) -> Response {
    let source = format!("{}.md", path.trim_end_matches(".html"));
    let Some(text) = read(&source) else { return missing(path) };
    file(document(&text, depth(path)).into_bytes(), "text/html; charset=utf-8")
}

/// How many folders below the front page a page lies.
fn depth(path: &str) -> usize {
    path.matches('/').count()
}

fn missing(path: &str) -> Response {
    let up = "../".repeat(depth(path));
    let text = format!("# No such page\n\nGo to [the front page]({up}README.md).");
    let body = document(&text, depth(path));
    (StatusCode::NOT_FOUND, file(body.into_bytes(), "text/html; charset=utf-8")).into_response()
}

fn file(body: Vec<u8>, kind: &'static str) -> Response {
    let mut answer = Response::new(Body::from(body));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

fn read(path: &str) -> Option<String> {
    Book::get(path).and_then(|found| String::from_utf8(found.data.into_owned()).ok())
}

/// The whole HTML document of a page that lies `depth` folders below the front page.
fn document(markdown: &str, depth: usize) -> String {
    let up = "../".repeat(depth);
    let title = title_of(markdown);
    let contents = read("SUMMARY.md").map(|summary| rendered(&summary, &up)).unwrap_or_default();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} - Lockstep</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"{up}book.css\"></head><body>\
         <nav aria-label=\"Contents\">{contents}</nav><main>{body}</main></body></html>\n",
        title = escape(&title),
        body = rendered(markdown, ""),
    )
}

/// The text of the first heading.
fn title_of(markdown: &str) -> String {
    let mut inside = false;
    let mut title = String::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Heading { .. }) => inside = true,
            Event::End(TagEnd::Heading(_)) => break,
            Event::Text(text) | Event::Code(text) if inside => title.push_str(&text),
            _ => {}
        }
    }
    title
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Markdown as HTML; links between pages point to `.html`, and `up` is put before those that are relative.
fn rendered(markdown: &str, up: &str) -> String {
    let mut anchors = headings(markdown).into_iter();
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
            let id = anchors.next().map(CowStr::from);
            Event::Start(Tag::Heading { level, id, classes, attrs })
        }
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: page_link(&dest_url, up), title, id })
        }
        // The book is ours, but nothing in it needs raw HTML; what looks like it is shown as text.
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    });
    let mut out = String::with_capacity(markdown.len() * 2);
    html::push_html(&mut out, events);
    out
}

/// The anchor of each heading, as mdBook makes it: the text in lower case, hyphens for spaces.
fn headings(markdown: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                inside = true;
                found.push(String::new());
            }
            Event::End(TagEnd::Heading(_)) => inside = false,
            Event::Text(text) | Event::Code(text) if inside => {
                if let Some(id) = found.last_mut() {
                    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                    id.extend(kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }));
                }
            }
            _ => {}
        }
    }
    found
}

fn page_link(link: &str, up: &str) -> CowStr<'static> {
    if link.contains("://") || link.starts_with('#') {
        return link.to_owned().into();
    }
    let link = match link.split_once(".md") {
        Some((page, rest)) if rest.is_empty() || rest.starts_with('#') => format!("{page}.html{rest}"),
        _ => link.to_owned(),
    };
    format!("{up}{link}").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::ErrorCode;

    #[test]
    fn every_error_code_has_a_page() {
        for code in ErrorCode::ALL {
            let text = read(&format!("errors/{code}.md")).unwrap_or_else(|| panic!("no page for {code}"));
            assert!(text.contains(&format!("`{code}`")) && text.contains("## What to do"), "{code}");
            assert!(text.contains(&format!("{:?}", code.severity()).to_lowercase()), "{code}: its severity");
        }
    }

    #[test]
    fn every_link_leads_to_a_page() {
        for path in Book::iter().filter(|path| path.ends_with(".md")) {
            let text = read(&path).unwrap();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            for event in Parser::new(&text) {
                let link = match event {
                    Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => dest_url,
                    _ => continue,
                };
                if link.contains("://") {
                    continue;
                }
                if let Some(anchor) = link.strip_prefix('#') {
                    assert!(headings(&text).iter().any(|id| id == anchor), "{path}: no heading {link}");
                    continue;
                }
                let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
                for part in link.split('#').next().unwrap_or_default().split('/') {
                    match part {
                        ".." => drop(parts.pop()),
                        part => parts.push(part),
                    }
                }
                let target = parts.join("/");
                assert!(Book::get(&target).is_some(), "{path}: the link {link} leads nowhere");
            }
        }
    }

    #[test]
    fn links_between_pages_are_turned_to_html() {
        assert_eq!(&*page_link("errors/README.md#x", "../"), "../errors/README.html#x");
        assert_eq!(&*page_link("https://example.com/a.md", "../"), "https://example.com/a.md");
        assert!(rendered("## Links *between* pages", "").contains("<h2 id=\"links-between-pages\">"));
        assert!(rendered("<script>alert(1)</script>", "").contains("&lt;script&gt;"));
    }
}
