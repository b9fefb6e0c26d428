use super::*;

const VIDEO: &str = "dQw4w9WgXcQ";

/// Every form leads to this embed address.
fn embeds(forms: &[&str], expected: &str) {
    for form in forms {
        assert_eq!(derive(form).embed_url.as_deref(), Some(expected), "{form}");
    }
}

#[test]
fn every_form_of_a_youtube_video() {
    let forms = [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "http://youtube.com/watch?v=dQw4w9WgXcQ",
        "https://m.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://music.youtube.com/watch?v=dQw4w9WgXcQ&si=abc",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=43s",
        "https://www.youtube.com/watch?t=43&v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?app=desktop&feature=youtu.be&v=dQw4w9WgXcQ#t=1m3s",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PLFgquLnL59alCl_2TQvOiD5Vgm1hCaGSI&index=2",
        "https://www.youtube.com/watch/dQw4w9WgXcQ",
        "https://www.youtube.com/embed/dQw4w9WgXcQ",
        "https://www.youtube.com/embed/dQw4w9WgXcQ?start=30&autoplay=1",
        "https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0",
        "https://youtube-nocookie.com/embed/dQw4w9WgXcQ/",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ?feature=share",
        "https://youtube.com/live/dQw4w9WgXcQ",
        "https://www.youtube.com/v/dQw4w9WgXcQ?version=3",
        "https://www.youtube.com/e/dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ?si=Bx2_-aZ&t=90",
        "http://www.youtu.be/dQw4w9WgXcQ/",
        "HTTPS://WWW.YOUTUBE.COM/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com./watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com:443/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com//watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/attribution_link?a=8g8kPrPIi-E&u=%2Fwatch%3Fv%3DdQw4w9WgXcQ%26feature%3Dshare",
        "https://www.youtube.com/attribution_link?u=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3DdQw4w9WgXcQ",
        "https://www.youtube.com/watch?t=43&amp;v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?t=43&amp;amp;v=dQw4w9WgXcQ&#38;app=desktop",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ?feature=share",
        "https://www.youtube.com/watch?feature=share?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ%20",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ\\",
        "https://youtu.be/dQw4w9WgXcQ&feature=youtu.be",
        "https://youtu.be/dQw4w9WgXcQ%3Ft%3D3",
        "https://youtu.be/dQw4w9WgXcQ).",
        "https://youtu.be/dQw4w9WgXcQ.",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ&amp;t=1",
        "https://www.youtube.com/embed/dQw4w9WgXcQ\"",
    ];
    embeds(&forms, &format!("https://www.youtube.com/embed/{VIDEO}"));
    for form in forms {
        let derived = derive(form);
        assert_eq!(
            derived.thumbnail_url.unwrap(),
            format!("https://img.youtube.com/vi/{VIDEO}/hqdefault.jpg")
        );
        assert_eq!(
            (derived.provider.as_deref(), derived.source.as_deref()),
            (Some("youtube"), Some("YouTube"))
        );
    }
}

#[test]
fn a_youtube_playlist_has_a_player_and_no_picture() {
    let list = "PLFgquLnL59alCl_2TQvOiD5Vgm1hCaGSI";
    let forms = [
        format!("https://www.youtube.com/playlist?list={list}"),
        format!("https://www.youtube.com/embed/videoseries?list={list}"),
        format!("https://www.youtube.com/watch?list={list}"),
        format!("https://music.youtube.com/playlist?si=x&list={list}"),
    ];
    let expected = format!("https://www.youtube.com/embed/videoseries?list={list}");
    embeds(&forms.each_ref().map(String::as_str), &expected);
    assert!(forms.iter().all(|form| derive(form).thumbnail_url.is_none()));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of addresses")]
fn every_form_of_a_vimeo_video() {
    embeds(
        &[
            "https://vimeo.com/76979871",
            "http://www.vimeo.com/76979871/",
            "https://vimeo.com/76979871?share=copy#t=30s",
            "https://vimeo.com/channels/staffpicks/76979871",
            "https://vimeo.com/groups/shortfilms/videos/76979871",
            "https://vimeo.com/album/2222222/video/76979871",
            "https://vimeo.com/albums/2222222/video/76979871",
            "https://vimeo.com/showcase/2222222/video/76979871",
            "https://vimeo.com/ondemand/somefilm/76979871",
            "https://vimeo.com/video/76979871",
            "https://player.vimeo.com/video/76979871",
            "https://player.vimeo.com/video/76979871?autoplay=1&title=0",
        ],
        "https://player.vimeo.com/video/76979871",
    );
    embeds(
        &[
            "https://vimeo.com/76979871/ab12cd34ef",
            "https://vimeo.com/76979871/ab12cd34ef?share=copy",
            "https://vimeo.com/76979871?h=ab12cd34ef",
            "https://vimeo.com/showcase/2222222/video/76979871?h=ab12cd34ef",
            "https://player.vimeo.com/video/76979871?h=ab12cd34ef&badge=0",
            "https://vimeo.com/76979871:ab12cd34ef",
            "https://vimeo.com/76979871%3Aab12cd34ef?share=copy",
            "https://player.vimeo.com/video/76979871:ab12cd34ef",
            "https://vimeo.com/76979871/ab12cd34ef&share=copy",
            "https://vimeo.com/76979871?share=copy&amp;h=ab12cd34ef",
            "https://vimeo.com/76979871?share=copy?h=ab12cd34ef",
            "https://vimeo.com/76979871?h=ab12cd34ef?autoplay=1",
            "https://vimeo.com/76979871&h=ab12cd34ef",
            "https://player.vimeo.com/video/76979871&amp;h=ab12cd34ef",
            "https://vimeo.com/channels/staffpicks/76979871?h=ab12cd34ef",
            "https://vimeo.com/groups/shortfilms/videos/76979871?h=ab12cd34ef",
            "https://vimeo.com/ondemand/somefilm/76979871?h=ab12cd34ef",
            "https://vimeo.com/manage/videos/76979871/ab12cd34ef",
            "https://vimeo.com/76979871/ab12cd34ef).",
        ],
        "https://player.vimeo.com/video/76979871?h=ab12cd34ef",
    );
    embeds(
        &["https://vimeo.com/event/4003330", "https://vimeo.com/event/4003330/embed"],
        "https://vimeo.com/event/4003330/embed",
    );
    embeds(
        &[
            "https://vimeo.com/event/4003330/ab12cd34ef",
            "https://vimeo.com/event/4003330/embed/ab12cd34ef",
            "https://vimeo.com/event/4003330?h=ab12cd34ef",
            "https://vimeo.com/event/4003330:ab12cd34ef",
        ],
        "https://vimeo.com/event/4003330/embed/ab12cd34ef",
    );
    embeds(
        &[
            "https://vimeo.com/76979871&share=copy",
            "https://vimeo.com/76979871%20",
            "https://vimeo.com/76979871).",
            "https://vimeo.com/manage/videos/76979871",
        ],
        "https://player.vimeo.com/video/76979871",
    );
    let derived = derive("https://vimeo.com/76979871");
    assert_eq!((derived.provider.as_deref(), derived.source.as_deref()), (Some("vimeo"), Some("Vimeo")));
    assert_eq!(derived.thumbnail_url, None);
}

#[test]
fn a_page_of_a_provider_that_plays_nothing_has_its_name_only() {
    for page in [
        "https://youtube.com/watch?v=xyz",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQQ",
        "https://www.youtube.com/watch?v=dQw4w9WgX.Q",
        "https://www.youtube.com/watch?v=",
        "https://www.youtube.com/watch",
        "https://www.youtube.com/",
        "https://www.youtube.com/@somebody",
        "https://www.youtube.com/channel/UCuAXFkgsw1L7xaCfnd5JJOw",
        "https://www.youtube.com/embed/live_stream?channel=UCuAXFkgsw1L7xaCfnd5JJOw",
        "https://www.youtube.com/embed/videoseries",
        "https://www.youtube.com/playlist?list=../../evil",
        "https://youtu.be/",
        "https://youtu.be/dQw4w9WgXcQ/more",
        "https://www.youtube.com/attribution_link?u=https%3A%2F%2Fevil.example%2Fwatch%3Fv%3DdQw4w9WgXcQ",
        "https://www.youtube.com/attribution_link?u=%2Fattribution_link%3Fu%3D%252Fwatch",
        "https://www.youtube.com/redirect?q=https%3A%2F%2Fyoutu.be%2FdQw4w9WgXcQ",
    ] {
        assert_eq!(derive(page), named("youtube", "YouTube"), "{page}");
        assert_eq!(oembed(page), None, "{page}");
    }
    for page in [
        "https://vimeo.com/",
        "https://vimeo.com/somebody",
        "https://vimeo.com/user76979871",
        "https://vimeo.com/0123",
        "https://vimeo.com/1234567890123",
        "https://vimeo.com/76979871/settings",
        "https://vimeo.com/76979871/review/1234567/ab12cd34ef",
        "https://vimeo.com/ondemand/somefilm",
        "https://vimeo.com/channels/staffpicks",
        "https://vimeo.com/channels/76979871",
        "https://vimeo.com/showcase/2222222",
        "https://player.vimeo.com/external/76979871.hd.mp4?s=abc",
        "https://player.vimeo.com/video/76979871?h=%22onload%3D",
        "https://vimeo.com/76979871?h=",
        "https://vimeo.com/76979871:settings",
        "https://vimeo.com/76979871abc",
        "https://vimeo.com/76979871-title",
        "https://vimeo.com/event/4003330/chat",
        "https://vimeo.com/channels/staffpicks/76979871?h=no-hash",
    ] {
        assert_eq!(derive(page), named("vimeo", "Vimeo"), "{page}");
        assert_eq!(oembed(page), None, "{page}");
    }
}

#[test]
fn what_looks_like_a_provider_is_none() {
    for address in [
        "https://evil-youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com.evil.com/watch?v=dQw4w9WgXcQ",
        "https://evil.com/youtube.com/watch?v=dQw4w9WgXcQ",
        "https://evil.com/?u=https://youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com@evil.com/watch?v=dQw4w9WgXcQ",
        "https://evil.com#@youtube.com/watch?v=dQw4w9WgXcQ",
        "https://user:pass@www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtube.com:8443/watch?v=dQw4w9WgXcQ",
        "https://youtube.com../watch?v=dQw4w9WgXcQ",
        "https://accounts.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtu.be.evil.com/dQw4w9WgXcQ",
        "https://notyoutu.be/dQw4w9WgXcQ",
        "https://xn--youtbe-6ya.com/watch?v=dQw4w9WgXcQ",
        "https://vimeo.com.evil.com/76979871",
        "https://evilvimeo.com/76979871",
        "https://player.vimeo.com.evil.com/video/76979871",
        "https://s3.amazonaws.com.evil.com/a.mp4",
        "https://lambda.us-east-1.amazonaws.com/a.mp4",
        "javascript:location='https://www.youtube.com/watch?v=dQw4w9WgXcQ'",
        "ftp://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "data:text/html,https://youtu.be/dQw4w9WgXcQ",
        "www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://",
        "",
        "dQw4w9WgXcQ",
    ] {
        assert_eq!(derive(address), Derived::default(), "{address}");
        assert_eq!(oembed(address), None, "{address}");
    }
}

#[test]
fn other_known_sites_have_a_name() {
    for (address, source) in [
        ("https://drive.google.com/file/d/1A2b3C/view?usp=sharing", "Google Drive"),
        ("https://www.dropbox.com/s/abc/clip.mp4?dl=0", "Dropbox"),
        ("https://media-bucket.s3.eu-central-1.amazonaws.com/clip.mp4", "Amazon S3"),
        ("https://s3.amazonaws.com/media-bucket/clip.mp4", "Amazon S3"),
        ("https://s3-us-west-2.amazonaws.com/media-bucket/clip.mp4", "Amazon S3"),
    ] {
        let expected = Derived { source: Some(source.into()), ..Derived::default() };
        assert_eq!(derive(address), expected, "{address}");
        assert_eq!(oembed(address), None, "{address}");
    }
    assert_eq!(derive("https://cdn.example.com/hero.mp4"), Derived::default());
}

#[test]
fn the_provider_is_asked_by_its_own_address() {
    let asked = |address: &str| {
        let url = oembed(address).unwrap();
        (url.host_str().unwrap().to_owned(), url.path().to_owned(), query(&url, "url").unwrap())
    };
    let expect = |host: &str, path: &str, url: &str| (host.to_owned(), path.to_owned(), url.to_owned());
    assert_eq!(
        asked("https://youtu.be/dQw4w9WgXcQ?t=3"),
        expect("www.youtube.com", "/oembed", "https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    );
    assert_eq!(
        asked("https://player.vimeo.com/video/76979871?h=ab12cd34ef"),
        expect("vimeo.com", "/api/oembed.json", "https://vimeo.com/76979871/ab12cd34ef")
    );
    assert_eq!(
        asked("https://vimeo.com/event/4003330"),
        expect("vimeo.com", "/api/oembed.json", "https://vimeo.com/event/4003330")
    );
}
