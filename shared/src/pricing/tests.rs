//! What callers rely on: the documented sample, the spellings of common models, history, tiers, and honest failure.

use super::*;

/// 2026-11-22T00:00:00Z
const NOW: i64 = 1_795_305_600_000;
/// 2025-06-10T00:00:00Z, when o3 became cheaper.
const O3_CUT: i64 = 1_749_513_600_000;

fn named(id: &str) -> Option<(&'static str, String)> {
    find(id, NOW).map(|priced| (priced.provider, priced.model.into_owned()))
}

fn dollars(id: &str, at_ms: i64) -> Option<(u64, u64)> {
    find(id, at_ms).map(|priced| (priced.rates.input, priced.rates.output))
}

#[test]
fn the_documented_call_costs_what_the_document_says() -> Result<(), CostError> {
    let Some(priced) = find("gpt-4", NOW) else { unreachable!("gpt-4 is in the table") };
    assert_eq!(priced.label, "GPT-4");
    let cost = priced.cost(&Tokens { input: 399, output: 288, ..Tokens::default() })?;
    assert_eq!(usd(cost.input_pico).to_string(), "0.01197");
    assert_eq!(usd(cost.output_pico).to_string(), "0.01728");
    assert_eq!(usd(cost.total_pico).to_string(), "0.02925");
    Ok(())
}

#[test]
fn common_spellings_resolve_to_their_vendor() {
    for (id, expected) in [
        ("gpt-4", ("openai", "gpt-4")),
        ("GPT-4", ("openai", "gpt-4")),
        (" gpt-4-0613 ", ("openai", "gpt-4")),
        ("gpt-4o", ("openai", "gpt-4o")),
        ("openai/gpt-4o-2024-08-06", ("openai", "gpt-4o")),
        ("azure/gpt-4o", ("openai", "gpt-4o")),
        ("gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("ft:gpt-4o-mini-2024-07-18:acme::abc", ("openai", "ft:gpt-4o-mini")),
        ("text-embedding-3-small", ("openai", "text-embedding-3-small")),
        ("gpt-5.2-20251211", ("openai", "gpt-5.2")),
        ("claude-3-opus", ("anthropic", "claude-3-opus-latest")),
        ("anthropic/claude-3.5-sonnet", ("anthropic", "claude-3-5-sonnet")),
        ("claude-3-5-sonnet-20241022", ("anthropic", "claude-3-5-sonnet")),
        ("vertex_ai/claude-3-5-sonnet@20241022", ("google", "claude-3-5-sonnet")),
        (
            "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
            ("aws", "regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ),
        ("amazon.nova-lite-v1:0", ("aws", "amazon.nova-lite-v1:0")),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0",
            ("aws", "amazon.nova-pro-v1:0"),
        ),
        ("gemini-1.5-pro", ("google", "gemini-1.5-pro")),
        ("models/gemini-1.5-pro", ("google", "gemini-1.5-pro")),
        ("publishers/google/models/gemini-2.5-flash", ("google", "gemini-2.5-flash")),
        ("gemini/gemini-2.5-pro-preview-05-06", ("google", "gemini-2.5-pro")),
        ("gemini-2.5-pro-preview-tts", ("google", "gemini-2.5-pro-tts")),
        ("gemini-pro", ("google", "gemini-pro")),
        ("mistral-large-latest", ("mistral", "mistral-large")),
        ("mistral/mistral-large-latest", ("mistral", "mistral-large")),
        ("deepseek-chat", ("deepseek", "deepseek-chat")),
        ("o3", ("openai", "o3")),
        ("grok-4.5-20260101", ("x-ai", "grok-4.5")),
        ("sonar", ("perplexity", "sonar")),
        ("llama-3.3-70b-versatile", ("groq", "llama-3.3-70b-versatile")),
        ("meta-llama/llama-3.3-70b-instruct", ("openrouter", "meta-llama/llama-3.3-70b-instruct")),
        ("openrouter/meta-llama/llama-3.3-70b-instruct", ("openrouter", "meta-llama/llama-3.3-70b-instruct")),
    ] {
        let (provider, model) = expected;
        assert_eq!(named(id), Some((provider, model.to_owned())), "{id}");
    }
}

#[test]
fn what_nobody_sells_is_unknown() {
    let endless = "gpt-4".repeat(1_000);
    for id in [
        "",
        "  ",
        "/",
        "openai/",
        "no-such",
        "no-such/gpt-4",
        "gpt-",
        "llama3.2",
        "my-moderation-bot",
        "whisper-1",
        "ollama/x",
        "-",
        "models/",
        "gpt-4-20251399",
        "gpt-é",
        "\u{0}",
        &endless,
    ] {
        assert_eq!(named(id), None, "{id}");
    }
    assert!(find_at("nobody", "gpt-4", NOW).is_none());
}

#[test]
fn the_price_is_that_of_the_moment() {
    assert_eq!(dollars("o3", O3_CUT - 1), Some((10_000_000, 40_000_000)));
    assert_eq!(dollars("o3", O3_CUT), Some((2_000_000, 8_000_000)));
    assert_eq!(dollars("o3", i64::MIN), Some((10_000_000, 40_000_000)));
    assert_eq!(dollars("o3", i64::MAX), Some((2_000_000, 8_000_000)));
}

#[test]
fn a_long_context_moves_the_whole_call_to_its_tier() -> Result<(), CostError> {
    let Some(priced) = find("gemini-2.5-pro", NOW) else { unreachable!("gemini-2.5-pro is in the table") };
    let short = priced.cost(&Tokens { input: 200_000, output: 10, ..Tokens::default() })?;
    let long = priced.cost(&Tokens { input: 200_001, output: 10, ..Tokens::default() })?;
    assert_eq!((short.input_pico, short.output_pico), (200_000 * 1_250_000, 10 * 10_000_000));
    assert_eq!((long.input_pico, long.output_pico), (200_001 * 2_500_000, 10 * 15_000_000));
    assert_eq!(priced.rates, priced.rates_for(0));
    Ok(())
}

#[test]
fn what_openrouter_gives_away_costs_nothing_whoever_made_it() -> Result<(), CostError> {
    let tokens = Tokens { input: 1_000, output: 1_000, cached_input: Some(10), ..Tokens::default() };
    for (id, label) in [
        ("meta-llama/llama-3.3-70b-instruct:free", "Llama 3.3 70B Instruct (free)"),
        ("deepseek/deepseek-r1:free", "DeepSeek R1 (free)"),
        ("OpenRouter/Google/Gemini-2.5-Pro:FREE", "Gemini 2.5 Pro (free)"),
        ("somebody/a-model-of-tomorrow:free", "A Model Of Tomorrow (free)"),
    ] {
        let Some(priced) = find(id, NOW) else { unreachable!("{id} is free") };
        assert_eq!((priced.cost(&tokens)?, &*priced.label), (Cost::default(), label), "{id}");
    }
    assert!(find("gpt-4:free", NOW).is_some_and(|priced| priced.rates == Rates::default()));
    for id in ["/:free", "a/:free", ":free", "a/ :free"] {
        assert!(find(id, NOW).is_none(), "{id}");
    }
    Ok(())
}

#[test]
fn an_hour_in_anthropics_cache_costs_twice_the_input() {
    for id in ["claude-sonnet-4-20250514", "claude-opus-4-5", "claude-3-5-haiku"] {
        let Some(Priced { rates, .. }) = find(id, NOW) else { unreachable!("{id} is in the table") };
        let dearer = |rate: Option<u64>| rate.map(|rate| rate * 100 / rates.input);
        assert_eq!((dearer(rates.cache_write), dearer(rates.cache_write_1h)), (Some(125), Some(200)), "{id}");
    }
}

#[test]
fn the_table_names_its_version() {
    assert!(PRICE_VERSION.starts_with("genai-prices-"), "{PRICE_VERSION}");
}
