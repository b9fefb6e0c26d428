//! E-mail addresses. An address stands for a person, so that each has one normal form: it is stored, shown and compared in it.
//!
//! Its one rule: however a mailbox was written, copied or sent, it is one text; and what no mail server would take is none.
//! Tags (`jane+news@…`) and dots are part of a name: what they mean is known to its server alone.

use std::borrow::Cow;

use email_address::EmailAddress;
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};
use idna::{
    AsciiDenyList,
    uts46::{DnsLength, Hyphens, Uts46},
};

/// Longest address in bytes: a path of 256 less its brackets (RFC 5321 §4.5.3.1.3).
const LONGEST: usize = 254;
/// Longest text that is looked through for one, in bytes.
const LOOKED_THROUGH: usize = 2048;
/// What joins letters in some scripts and is nothing elsewhere; in a domain, UTS 46 knows which.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
/// What people and programs put around an address.
const WRAPPERS: [(char, char); 9] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('(', ')'),
    ('[', ']'),
    ('“', '”'),
    ('„', '“'),
    ('‘', '’'),
    ('«', '»'),
];

/// The normal form of an address: of the name in NFKC and lower case, of the domain as UTS 46 shows it; without what cannot
/// be seen, and without what stands around it, such as a display name. None of what is no address.
pub fn normal(text: &str) -> Option<String> {
    let normal = read(text)?;
    // A form that reads as another one is no form.
    (read(&normal).as_ref() == Some(&normal)).then_some(normal)
}

/// The form under which something stored before addresses had a normal form lies.
pub fn stored_as(email: &str) -> String {
    let is_normal = normal(email).is_some_and(|normal| normal == email);
    if is_normal { email.to_owned() } else { email.trim().to_lowercase() }
}

fn read(text: &str) -> Option<String> {
    let text = visible(Some(text).filter(|text| text.len() <= LOOKED_THROUGH)?);
    let (name, domain) = bare(&text)?.rsplit_once('@')?;
    let (name, (domain, ascii)) = (read_name(name.trim_end())?, read_domain(domain.trim_start())?);
    let longest = domain.len().max(ascii.len());
    (name.len() + 1 + longest <= LONGEST).then(|| format!("{name}@{domain}"))
}

/// The text in NFKC, without characters that show nothing.
fn visible(text: &str) -> String {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let normalizer = ComposingNormalizerBorrowed::new_nfkc();
    // After the normalizing as well: it makes fillers of letters that show one.
    let seen = |text: &str| -> String {
        text.chars().filter(|char| JOINERS.contains(char) || !ignorable.contains(*char)).collect()
    };
    seen(&normalizer.normalize(&seen(text)))
}

/// The address without what stands around it. None when there are several.
fn bare(text: &str) -> Option<&str> {
    let mut text = text;
    loop {
        let before = text;
        text = text
            .trim_matches(|char: char| char.is_whitespace() || char.is_control() || JOINERS.contains(&char));
        // Of a list, or of a sentence.
        text = text.trim_end_matches([',', ';', '.']);
        text = without_remark(text);
        if let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
            // Another address in front of it, and not its repetition as a name: nobody knows which one is meant.
            if name.contains(['<', '>']) || (name.contains('@') && name.contains([',', ';'])) {
                return None;
            }
            text = address;
        }
        if let Some((scheme, address)) = text.split_once(':')
            && scheme.eq_ignore_ascii_case("mailto")
        {
            text = address.split('?').next().unwrap_or(address);
        }
        for (open, close) in WRAPPERS {
            let inner = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
            text = inner.unwrap_or(text);
        }
        if text == before {
            // What a spreadsheet puts in front of text; no server has names that begin so.
            match text.strip_prefix('\'') {
                Some(rest) => text = rest,
                None => return Some(text),
            }
        }
    }
}

/// Without a remark behind it, as in `jane@example.com (Jane)` (a comment of RFC 5322 §3.2.2).
fn without_remark(text: &str) -> &str {
    let remark = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    match remark {
        Some((address, remark)) if address.contains('@') && !remark.contains(['@', ')']) => address,
        _ => text,
    }
}

fn read_name(name: &str) -> Option<String> {
    let name: String = unquoted(name).chars().filter(|char| !JOINERS.contains(char)).collect();
    let name = ComposingNormalizerBorrowed::new_nfkc().normalize(&name.to_lowercase()).into_owned();
    let category = CodePointMapData::<GeneralCategory>::new();
    // Letters and digits of all scripts; no pictures, and no blanks that are none by name.
    let plain = |char: char| {
        char.is_ascii() || char.is_alphanumeric() || GeneralCategoryGroup::Mark.contains(category.get(char))
    };
    let fits = EmailAddress::is_valid_local_part(&name) && !name.contains('"') && name.chars().all(plain);
    fits.then_some(name)
}

/// `"jane"@…` is `jane@…`. A name that needs its quotes stays no name: hardly a server takes one.
fn unquoted(name: &str) -> Cow<'_, str> {
    match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        Some(name) => name.replace('\\', "").into(),
        None => name.into(),
    }
}

/// The domain as it is shown, and as it stands in DNS. Joiners stay where a script needs them and are nothing elsewhere.
fn read_domain(domain: &str) -> Option<(String, String)> {
    // Label by label: the last Σ of a word is another small letter than the others, and to UTS 46 it is one like the others.
    let small = domain.split('.').map(str::to_lowercase).collect::<Vec<_>>().join(".");
    domain_of(&small).or_else(|| domain_of(&small.replace(JOINERS, "")))
}

fn domain_of(domain: &str) -> Option<(String, String)> {
    let rules = Uts46::new();
    let ascii = rules
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .ok()?;
    let (_, top) = ascii.rsplit_once('.')?;
    if !EmailAddress::is_valid_domain(&ascii) || top.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (shown, right) = rules.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    right.ok()?;
    Some((shown.into_owned(), ascii.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(normal_form: &str, spellings: &[&str]) {
        for spelling in spellings.iter().chain([&normal_form]) {
            assert_eq!(normal(spelling).as_deref(), Some(normal_form), "{spelling:?}");
        }
    }

    #[test]
    fn one_mailbox_is_one_text_however_it_was_written() {
        same(
            "jane@example.com",
            &[
                " Jane@Example.COM ",
                "\u{a0}jane@example.com\r\n",
                "jane@example.com\u{200b}",
                "\u{feff}ja\u{ad}ne@exam\u{2060}ple.com\u{200e}",
                "\u{202a}jane@example.com\u{202c}",
                "jane@example.com\u{200d}",
                "jane\u{3164}@example.com",
                "<jane@example.com>",
                "Jane Doe <jane@example.com>",
                "\"Doe, Jane (Acme)\" <JANE@example.com>",
                "Doe, Jane <jane@example.com>",
                "jane@example.com <jane@example.com>",
                "'jane@example.com'",
                "\"jane@example.com\"",
                "“jane@example.com”",
                "„jane@example.com“",
                "‘jane@example.com’",
                "«jane@example.com»",
                "`jane@example.com`",
                "(jane@example.com)",
                "['jane@example.com']",
                "'jane@example.com",
                "jane@example.com,",
                "jane@example.com; ",
                "mailto:jane@example.com?subject=Hello",
                "<MAILTO:jane@example.com>",
                "\"jane\"@example.com",
                "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ",
                "jane@example。com",
            ],
        );
        same("josé@example.com", &["jose\u{301}@example.com", "JOSÉ@example.com", "JOSE\u{301}@example.com"]);
        same(
            "info@münchen.example",
            &[
                "info@xn--mnchen-3ya.example",
                "INFO@XN--MNCHEN-3YA.EXAMPLE",
                "info@MÜNCHEN.example",
                "info@mu\u{308}nchen.example",
            ],
        );
        same("ǰ@example.com", &["J\u{30c}@example.com"]);
        same("иван@почта.рф", &["ИВАН@xn--80a1acny.xn--p1ai"]);
        same("jane@example.com", &["jane@exa\u{200d}mple.com", "jane @ example.com", "jane@ example.com"]);
        same(
            "jane@example.com",
            &["jane@example.com.", "jane@example.com (Jane)", "Jane <jane@example.com> (work)"],
        );
        same("νικος@βόλος.gr", &["ΝΙΚΟΣ@ΒΌΛΟΣ.GR", "Νικος@Βόλος.gr"]);
        same("o'neill@example.com", &["O'Neill@example.com", "'o'neill@example.com'"]);
    }

    #[test]
    fn what_makes_another_mailbox_stays() {
        for (one, other) in [
            ("jane@example.com", "jane+tag@example.com"),
            ("jane@example.com", "ja.ne@example.com"),
            ("jane@example.com", "jane@mail.example.com"),
            ("jose@example.com", "josé@example.com"),
            ("info@munchen.example", "info@münchen.example"),
            ("info@strasse.example", "info@straße.example"),
        ] {
            assert!(normal(one).is_some() && normal(other).is_some(), "{one} {other}");
            assert_ne!(normal(one), normal(other));
        }
    }

    #[test]
    fn what_no_mail_server_takes_is_none() {
        let name = "j".repeat(64);
        let label = "d".repeat(60);
        let longest = format!("{name}@{label}.{label}.{label}.com");
        assert_eq!(normal(&longest).map(|normal| normal.len()), Some(64 + 1 + 3 * 61 + 3));
        for text in [
            "",
            "@",
            "jane",
            "@example.com",
            "jane@",
            "jane@example",
            "ja ne@example.com",
            "ja\u{7}ne@example.com",
            "ja\0ne@example.com",
            "jane@.com",
            "jane@example..com",
            "jane@@example.com",
            "jane@home@example.com",
            ".jane@example.com",
            "jane.@example.com",
            "ja..ne@example.com",
            "jane@-example.com",
            "jane@example-.com",
            "jane@exam_ple.com",
            "jane@exam ple.com",
            "jane@xn--a.com",
            "jane@127.0.0.1",
            "jane@[127.0.0.1]",
            "jane(doe)@example.com",
            "\"jane doe\"@example.com",
            "\"jane@home\"@example.com",
            "jane@example.com, joe@example.com",
            "jane@example.com joe@example.com",
            "Jane <jane@example.com>, Joe <joe@example.com>",
            "jane@example.com, Joe <joe@example.com>",
            "Jane <jane@example.com> Doe",
            "<>",
            "Jane <>",
            "mailto:",
            "📧jane@example.com",
            "\u{2800}jane@example.com",
            "undefined",
            "null",
            &format!("j{name}@example.com"),
            &format!("jane@{label}.{label}.{label}.{label}.{label}.com"),
        ] {
            assert_eq!(normal(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_was_stored_before_lies_where_it_lay() {
        for (stored, under) in [
            ("Jane@Example.com", "jane@example.com"),
            ("jane@example.com", "jane@example.com"),
            ("Info@xn--mnchen-3ya.example", "info@xn--mnchen-3ya.example"),
            ("jane@@example.com", "jane@@example.com"),
            ("'jane@example.com'", "'jane@example.com'"),
        ] {
            assert_eq!(stored_as(stored), under);
        }
        // Lower case is not the normal form of every letter.
        let cherokee = normal("jane@ꮳꮃꭹ.example").unwrap();
        assert_eq!(stored_as(&cherokee), cherokee);
    }
}
