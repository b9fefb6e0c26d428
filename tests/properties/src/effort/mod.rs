//! What reading costs: every parser of bytes that others wrote, and inputs to count its instructions on.
//!
//! Its one rule: the cost of an input is in proportion to its bytes. `infra/effort.sh` counts and compares: four times
//! the bytes may take 4.6 times the instructions, and a byte no more than its row says.

mod inputs;

use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Method};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use shared::{
    clock,
    domain::{
        api_key,
        custom_field::{self, CustomField, FieldType},
        email,
        lead_setup::{LeadSetup, read_color},
        media_url, n8n_host,
        place::Place,
        words,
    },
    egress::parse_url,
    http::{custom_fields::Mode, dialect::resolve, fields::Fields, page, peer::Peer, routes},
    ids::{EntityId, FieldId, Id},
    json::{self, Kind, Part},
    n8n::{
        answer::Answer,
        echo::Confidential,
        execution::Summary,
        wait::{Created, WaitView},
    },
    parsers::{check, credential, number, tokens},
    pricing,
    queue::Task,
    sealer::{Sealer, keyfile::KeyFile},
    store::{Key, Write},
    tenant::TenantId,
};

/// One parser, with one kind of input.
pub struct Row {
    pub parser: &'static str,
    pub input: &'static str,
    /// Instructions for a byte, at the most.
    pub per_byte: u32,
    pub make: fn(usize) -> Vec<u8>,
    pub read: fn(&[u8]),
}

const fn row(
    parser: &'static str,
    input: &'static str,
    per_byte: u32,
    make: fn(usize) -> Vec<u8>,
    read: fn(&[u8]),
) -> Row {
    Row { parser, input, per_byte, make, read }
}

const TENANT: TenantId = TenantId(7);
const NOW: i64 = 1_795_305_600_000;

pub const ROWS: &[Row] = &[
    row("body", "records", 60, inputs::records, body),
    row("body", "lists in lists, too deep", 10, inputs::deep, body),
    row("body", "a list of small objects", 90, inputs::small_objects, body),
    row("body", "many names", 50, inputs::names, body),
    row("body", "the same name again and again", 70, inputs::same_name, body),
    row("body", "escapes", 60, inputs::escapes, body),
    row("body", "long numbers", 50, inputs::long_numbers, body),
    row("body", "the key that serde_json means something by", 40, inputs::magic, body),
    row("body", "lists in lists, as deep as may be", 30, inputs::nested, body),
    row("parts", "records", 150, inputs::records, parts),
    row("parts", "lists in lists, as deep as may be", 1400, inputs::nested, parts),
    row("parts", "a list of small objects", 220, inputs::small_objects, parts),
    row("fields", "records", 80, inputs::records, fields),
    row("fields", "nine hundred fields", 400, inputs::long_fields, fields),
    row("custom fields", "nine hundred fields", 800, inputs::long_fields, custom_fields),
    row("execution", "a chain of nodes", 100, inputs::chain, execution),
    row("execution", "calls that are passed on", 170, inputs::passed_on, execution),
    row("execution", "entangled", 160, inputs::entangled, execution),
    row("execution", "entangled, against time", 180, inputs::entangled_backwards, execution),
    row("execution", "one node that runs often", 320, inputs::one_node, execution),
    row("execution", "flatted", 170, inputs::flatted, execution),
    row("execution", "flatted, one large value mentioned often", 620, inputs::flatted_mentions, execution),
    row("execution", "half pairs", 110, inputs::half_pairs, execution),
    row("execution", "lists in lists", 80, inputs::deep, execution),
    row("execution", "a list of small objects", 80, inputs::small_objects, execution),
    row("wait", "a chain of nodes", 80, inputs::chain, wait),
    row("wait", "entangled", 100, inputs::entangled, wait),
    row("wait", "every run may be the creator", 240, inputs::creators, wait),
    row("wait", "gates that nothing leads to", 90, inputs::gates, wait),
    row("n8n's answer", "a message", 160, inputs::message, answer),
    row("n8n's answer", "a page", 70, inputs::page, answer),
    row("n8n's answer", "records", 155, inputs::records, answer),
    row("n8n's answer", "secrets again and again", 70, inputs::repeated_secret, echo),
    row("item", "records", 220, inputs::records, item),
    row("item", "long numbers", 50, inputs::long_numbers, item),
    row("message", "a task", 30, inputs::task, message),
    row("sealed value", "letters", 10, inputs::letters, sealed),
    row("number", "digits", 10, inputs::digits, digits),
    row("key", "letters", 10, inputs::letters, key),
    row("headers", "cookies", 100, inputs::cookies, headers),
    row("token", "letters", 30, inputs::letters, token),
    row("token", "dots", 10, inputs::dots, token),
    row("path", "slashes", 10, inputs::slashes, path),
    row("id", "digits", 10, inputs::digits, id),
    row("id", "letters", 10, inputs::letters, id),
    row("cursor", "letters", 30, inputs::letters, cursor),
    row("url", "a path", 375, inputs::url_path, url),
    row("url", "a query", 100, inputs::url_query, url),
    row("url", "labels", 200, inputs::url_host, url),
    row("video", "a query", 100, inputs::url_query, video),
    row("time", "digits", 10, inputs::digits, time),
    row("e-mail address", "letters", 10, inputs::letters, email),
    row("e-mail address", "dots", 10, inputs::dots, email),
    row("words", "words", 850, inputs::words, phrases),
    row("words", "letters that grow", 1600, inputs::growing, phrases),
    row("words", "words of one letter", 2400, inputs::short_words, phrases),
    row("search", "words of one letter", 450, inputs::short_words, finds),
    row("label", "words", 60, inputs::words, label),
    row("label", "letters that grow", 400, inputs::growing, label),
    row("model", "letters", 10, inputs::letters, model),
    row("model", "dashes", 10, inputs::dashes, model),
    row("colour", "digits", 10, inputs::digits, color),
];

fn text(data: &[u8]) -> &str {
    std::str::from_utf8(data).unwrap_or_default()
}

fn body(data: &[u8]) {
    let _ = json::text(data);
}

/// Every part, as whatever hands one on or counts them sees it.
fn parts(data: &[u8]) {
    fn look(part: Part<'_>) {
        match part.kind() {
            Kind::List(items) => items.for_each(look),
            Kind::Object(members) => members.for_each(|(_, value)| look(value)),
            _ => {}
        }
    }
    if let Ok(text) = json::text(data) {
        look(text.root());
    }
}

fn read_fields(data: &[u8]) -> Option<Fields> {
    Fields::read(&data.to_vec().into()).ok()
}

fn fields(data: &[u8]) {
    let Some(mut fields) = read_fields(data) else { return };
    for name in fields.names() {
        fields.text(&name, 100);
    }
    let _ = fields.finish();
}

fn custom_fields(data: &[u8]) {
    let Some(mut fields) = read_fields(data) else { return };
    let field = |(at, name): (u64, &String)| CustomField {
        id: FieldId::of(Id::from_u64(at).unwrap_or(Id::SMALLEST)),
        label: name.clone(),
        machine_name: name.clone(),
        field_type: FieldType::Text,
        options: vec![],
        required: false,
    };
    let setup = LeadSetup { fields: (1..).zip(&fields.names()).map(field).collect(), ..LeadSetup::default() };
    let _ = setup.read_values(&mut fields, Mode::Create);
}

fn execution(data: &[u8]) {
    let _ = Summary::read(data);
}

fn wait(data: &[u8]) {
    let created = Created::new(4_242_424_242, Some(NOW)).reposted(3);
    let _ = WaitView::read(data, &created);
}

fn answer(data: &[u8]) {
    let _ = Answer::classify(200, data);
    let _ = Answer::classify(404, data);
    echo(data);
}

fn echo(data: &[u8]) {
    let Ok(url) = Url::parse(inputs::SECRETS) else { return };
    let secrets = Confidential::of_url(&url);
    let _ = secrets.message(data);
    let _ = Confidential::of_key(&SecretString::from("k3y-of-n8n-0123456789")).message(data);
}

fn item(data: &[u8]) {
    let Ok(map) = json::attributes(text(data)) else { return };
    if check::write(&Write::put(Key::of(TENANT, "effort", "1"), map.clone())).is_ok() {
        number::canonical(&mut Value::Object(map));
    }
}

fn message(data: &[u8]) {
    let _ = json::from_slice::<Task>(data).map(|task| task.tenant().is_ok());
}

fn sealed(data: &[u8]) {
    if let Ok(sealer) = KeyFile::ephemeral() {
        let _ = sealer.open(TENANT, "record", text(data)).now_or_never();
    }
}

fn digits(data: &[u8]) {
    number::read(text(data));
}

fn key(data: &[u8]) {
    api_key::hash(text(data));
}

fn headers(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for name in ["authorization", "cookie"] {
        if let Ok(value) = HeaderValue::from_bytes(data) {
            headers.insert(name, value);
        }
    }
    for https in [false, true] {
        credential::sent(&headers, Peer { address: None, https });
    }
}

fn token(data: &[u8]) {
    tokens::place(text(data));
    tokens::open(text(data), "a key of the session");
}

fn path(data: &[u8]) {
    let path = routes::as_routed(text(data));
    let heard = resolve::by_path(path);
    routes::find(heard.dialect, &Method::GET, path);
}

fn id(data: &[u8]) {
    let _ = text(data).parse::<Id>();
}

fn cursor(data: &[u8]) {
    page::read_cursor(text(data));
    page::read_search_cursor(text(data));
}

fn url(data: &[u8]) {
    let _ = parse_url(text(data));
    let _ = n8n_host::n8n_base_url(text(data));
    Place::parse(text(data));
}

fn video(data: &[u8]) {
    media_url::derive(text(data));
    media_url::oembed(text(data));
}

fn time(data: &[u8]) {
    clock::parse_iso(text(data));
    clock::parse_day(text(data));
}

fn email(data: &[u8]) {
    email::normal(text(data));
}

fn phrases(data: &[u8]) {
    words::longest(words::phrases(text(data)));
    words::first_phrases(text(data), 100);
    words::search(text(data));
}

fn finds(data: &[u8]) {
    words::finds(&format!("{}b", "a ".repeat(50)), text(data));
}

fn label(data: &[u8]) {
    custom_field::machine_name(text(data), |_| false);
}

fn model(data: &[u8]) {
    let _ = pricing::find(text(data), NOW);
}

fn color(data: &[u8]) {
    read_color(text(data));
}
