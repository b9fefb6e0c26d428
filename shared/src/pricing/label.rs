//! Names for people. The table's ids are made for machines; this room only changes their case and their dashes.

use std::borrow::Cow;

/// Ids whose name does not follow from their parts. Sorted by id.
const LABELS: [(&str, &str); 4] = [
    ("chatgpt-4o-latest", "ChatGPT-4o"),
    ("claude-opus-4-0", "Claude Opus 4"),
    ("claude-sonnet-4-0", "Claude Sonnet 4"),
    ("gpt-5.3", "GPT-5.3 Chat"),
];

/// Words with a case of their own.
const WORDS: [(&str, &str); 19] = [
    ("ai", "AI"),
    ("api", "API"),
    ("aya", "Aya"),
    ("codellama", "CodeLlama"),
    ("deepseek", "DeepSeek"),
    ("ernie", "ERNIE"),
    ("glm", "GLM"),
    ("gpt", "GPT"),
    ("hd", "HD"),
    ("it", "IT"),
    ("minimax", "MiniMax"),
    ("moe", "MoE"),
    ("ocr", "OCR"),
    ("olmo", "OLMo"),
    ("openai", "OpenAI"),
    ("qwq", "QwQ"),
    ("tts", "TTS"),
    ("vl", "VL"),
    ("wizardlm", "WizardLM"),
];

/// The name of a table id: `gpt-4o` is `GPT-4o`, `claude-3-opus-latest` is `Claude 3 Opus`.
pub(super) fn label(id: &str) -> Cow<'static, str> {
    if let Ok(index) = LABELS.binary_search_by_key(&id, |(id, _)| id) {
        return Cow::Borrowed(LABELS[index].1);
    }
    let name = id.rsplit('/').next().unwrap_or(id);
    let (name, variant) = match name.split_once(':') {
        Some(("ft", name)) => (name.trim_end_matches('-'), Some("fine-tuned")),
        // Bedrock's `-v1:0` is a revision; OpenRouter's `:free` is a variant people choose.
        Some((name, tag)) if tag.bytes().all(|byte| byte.is_ascii_digit()) => (without_revision(name), None),
        Some((name, tag)) => (name, Some(tag)),
        None => (name, None),
    };
    let name = without_suffixes(without_vendor(name));
    let (name, date) = dashed_date(name).map_or((name, None), |(name, date)| (name, Some(date)));
    let mut label = spelled(name);
    for extra in [date, variant].into_iter().flatten() {
        label.push_str(&format!(" ({extra})"));
    }
    Cow::Owned(label)
}

/// `…-v1` without it.
fn without_revision(name: &str) -> &str {
    match name.rsplit_once("-v") {
        Some((head, tail)) if tail.bytes().all(|byte| byte.is_ascii_digit()) => head,
        _ => name,
    }
}

/// `us.anthropic.claude-3-opus` without the region and the vendor.
fn without_vendor(mut name: &str) -> &str {
    while let Some((head, tail)) = name.split_once('.')
        && head.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        name = tail;
    }
    name
}

/// A name without `-latest` and without the compact date of a snapshot.
fn without_suffixes(mut name: &str) -> &str {
    while let Some((head, tail)) = name.rsplit_once('-')
        && (tail == "latest" || tail.len() == 8 && tail.bytes().all(|byte| byte.is_ascii_digit()))
    {
        name = head;
    }
    name
}

/// Splits `gpt-4o-2024-05-13`: a snapshot that the table lists apart is priced apart, so its date has to show.
fn dashed_date(name: &str) -> Option<(&str, &str)> {
    let (head, date) = name.split_at_checked(name.len().checked_sub(11)?)?;
    let date = date.strip_prefix('-')?;
    let shape = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    shape.then_some((head, date))
}

fn spelled(name: &str) -> String {
    let openai =
        name.len() > 1 && name.starts_with('o') && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if openai || name.starts_with("gpt-oss") {
        return name.to_owned();
    }
    let mut words = name.split(['-', '_']).filter(|word| !word.is_empty()).peekable();
    let mut label = String::with_capacity(name.len() + 4);
    let gpt = words.next_if_eq(&"gpt").is_some();
    if gpt {
        label.push_str("GPT");
        if let Some(version) = words.next_if(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
            label.push('-');
            label.push_str(version);
        }
    }
    let mut after_digit = false;
    for word in words {
        let digit = word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_digit());
        if !label.is_empty() {
            // Anthropic and Mistral write 3.5 as 3-5.
            label.push(if digit && after_digit { '.' } else { ' ' });
        }
        if gpt && (word == "mini" || word == "nano") {
            label.push_str(word);
        } else {
            push_word(&mut label, word);
        }
        after_digit = digit;
    }
    label
}

fn push_word(label: &mut String, word: &str) {
    if let Ok(index) = WORDS.binary_search_by_key(&word, |(word, _)| word) {
        label.push_str(WORDS[index].1);
        return;
    }
    let mut chars = word.chars();
    let Some(first) = chars.next() else { return };
    let rest = chars.as_str();
    let mixed = word.bytes().any(|byte| byte.is_ascii_uppercase());
    // `70b`, `8x7b`, `a3b` are sizes; `v3`, `k2.5` are versions.
    let size = word
        .strip_suffix('b')
        .is_some_and(|size| size.trim_start_matches('a').starts_with(|c: char| c.is_ascii_digit()));
    let version = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if mixed {
        label.push_str(word);
    } else if size {
        // The `x` of `8x7B` stays small.
        label.extend(word.chars().map(|c| if c == 'x' { c } else { c.to_ascii_uppercase() }));
    } else if version {
        label.push_str(&word.to_ascii_uppercase());
    } else {
        label.extend(first.to_uppercase());
        label.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_their_makers_write_them() {
        for (id, name) in [
            ("gpt-4", "GPT-4"),
            ("gpt-4o", "GPT-4o"),
            ("gpt-4o-mini", "GPT-4o mini"),
            ("gpt-4-turbo", "GPT-4 Turbo"),
            ("gpt-3.5-turbo", "GPT-3.5 Turbo"),
            ("gpt-4o-2024-05-13", "GPT-4o (2024-05-13)"),
            ("openai/gpt-oss-120b", "gpt-oss-120b"),
            ("o3-mini", "o3-mini"),
            ("claude-3-opus", "Claude 3 Opus"),
            ("claude-3-opus-latest", "Claude 3 Opus"),
            ("claude-3-5-sonnet", "Claude 3.5 Sonnet"),
            ("claude-sonnet-4-0", "Claude Sonnet 4"),
            ("claude-opus-4-5", "Claude Opus 4.5"),
            ("regional.anthropic.claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet"),
            ("amazon.nova-lite-v1:0", "Nova Lite"),
            ("openai.gpt-5.4", "GPT-5.4"),
            ("gemini-1.5-pro", "Gemini 1.5 Pro"),
            ("mistral-large", "Mistral Large"),
            ("open-mixtral-8x7b", "Open Mixtral 8x7B"),
            ("deepseek/deepseek-r1:free", "DeepSeek R1 (free)"),
            ("meta-llama/llama-3.3-70b-instruct", "Llama 3.3 70B Instruct"),
            ("MiniMax-M2.1", "MiniMax M2.1"),
            ("glm-4.6", "GLM 4.6"),
            ("gpt-image-1-mini", "GPT Image 1 mini"),
            ("ft:gpt-4o-mini", "GPT-4o mini (fine-tuned)"),
            ("qwen/qwen3-next-80b-a3b-instruct", "Qwen3 Next 80B A3B Instruct"),
            ("mistral-medium-3-1", "Mistral Medium 3.1"),
            ("gemini-2.5-flash-preview-06-17", "Gemini 2.5 Flash Preview 06 17"),
            ("é", "É"),
            ("", ""),
        ] {
            assert_eq!(label(id), name, "{id}");
        }
    }

    #[test]
    fn the_tables_are_sorted_for_searching() {
        assert!(LABELS.is_sorted_by_key(|(id, _)| id));
        assert!(WORDS.is_sorted_by_key(|(word, _)| word));
    }
}
