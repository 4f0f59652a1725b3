//! What is seen on each page.

use fantoccini::Locator;
use fantoccini::key::Key;
use livecheck_core::wire::State;
use serde_json::json;

use crate::chrome::Chrome;
use crate::shop::{MARKUP, Shop, TOKEN};

const CASE: &str = "/case/stock_orders::cases::order_flow";

/// The three looks: width, whether dark, and a name for pictures.
const LOOKS: [(u32, bool, &str); 3] = [(1280, false, "light"), (1280, true, "dark"), (375, false, "narrow")];

#[tokio::test]
async fn every_page_is_well_in_light_in_dark_and_on_a_narrow_screen() {
    for (width, is_dark, look) in LOOKS {
        let Some(chrome) = Chrome::open(width, 2_400, is_dark).await else { return };
        let (server, url) = Shop::new().open().await;

        chrome.go(&url).await;
        assert_eq!(chrome.text("#summary").await, "3 of 4 not well.");
        let seen = chrome.text("#cases").await;
        assert!(seen.contains("STALLED") && seen.contains("3 missed"), "{seen}");
        chrome.assert_well(&format!("the overview, {look}")).await;
        chrome.screenshot(&format!("overview-{look}")).await;

        chrome.go(&format!("{url}{CASE}?range=7d")).await;
        chrome
            .until("charts are drawn", "return document.querySelectorAll('#charts canvas').length == 2")
            .await;
        let seen = chrome.text("#main").await;
        for part in
            ["99.9 %", "order_flow", "Causes of failures", "did not come within #s", "Older executions"]
        {
            assert!(seen.contains(part), "{part}: {seen}");
        }
        chrome.assert_well(&format!("a case, {look}")).await;
        chrome.screenshot(&format!("case-{look}")).await;

        chrome.go(&format!("{url}/case/payments::refund")).await;
        let seen = chrome.text("#schedule").await;
        assert!(
            seen.starts_with("Due 0 * * * * Europe/Berlin, last fired 6 h ago. 7 slots were missed"),
            "{seen}"
        );
        chrome.assert_well(&format!("a scheduled case, {look}")).await;
        chrome.screenshot(&format!("scheduled-{look}")).await;

        chrome.go(&format!("{url}/execution/stock_orders::cases::order_flow/order-18")).await;
        let group = chrome.run("return document.querySelector('.top .group').textContent").await;
        assert_eq!(group, "group livecheck");
        let seen = chrome.text("#main").await;
        for part in [
            "TIMEOUT",
            "It waited for order_executed",
            "1\u{202f}204 records",
            "order_sent_to_db",
            "not received within",
        ] {
            assert!(seen.contains(part), "{part}: {seen}");
        }
        chrome.assert_well(&format!("an execution, {look}")).await;
        chrome.screenshot(&format!("execution-{look}")).await;

        let background = chrome.run("return getComputedStyle(document.body).backgroundColor").await;
        assert_eq!(background, if is_dark { "rgb(22, 24, 28)" } else { "rgb(255, 255, 255)" });
        server.stop().await;
        chrome.close().await;
    }
}

#[tokio::test]
async fn what_changes_is_seen_without_loading_the_page_again() {
    let Some(chrome) = Chrome::open(1280, 900, false).await else { return };
    let shop = Shop::new();
    let (server, url) = shop.open().await;
    chrome.go(&url).await;
    chrome.run("window.isTheSamePage = true; document.querySelector('tbody th a').focus()").await;
    shop.change(|cases| cases[0].state = State::Fail);
    chrome
        .until(
            "the state is seen",
            "return document.querySelector('#summary').textContent == '4 of 4 not well.'",
        )
        .await;
    assert_eq!(chrome.run("return window.isTheSamePage === true").await, true);
    let focus = chrome.run("return document.activeElement.textContent").await;
    assert_eq!(focus, "order_flow", "what has the focus keeps it");

    chrome.go(&format!("{url}{CASE}")).await;
    chrome
        .until("charts are drawn", "return document.getElementById('charts').dataset.drawn == 'true'")
        .await;
    shop.change(|cases| cases[0].counts.triggered = 1_234_567);
    chrome
        .until(
            "the count is seen",
            "return document.querySelector('#now').textContent.includes('1\u{202f}234\u{202f}567')",
        )
        .await;

    server.stop().await;
    chrome
        .until(
            "it says that the runner has gone",
            "return document.getElementById('live').textContent.includes('○ not live')",
        )
        .await;
    assert!(chrome.text("#main").await.contains("1\u{202f}234\u{202f}567"), "what is known is still shown");
    chrome.close().await;
}

#[tokio::test]
async fn charts_show_one_quantile_at_a_time_and_what_is_dragged_over_is_looked_at_closer() {
    let Some(chrome) = Chrome::open(1280, 1_400, false).await else { return };
    let (server, url) = Shop::new().open().await;
    chrome.go(&format!("{url}{CASE}?range=7d")).await;
    let drawn = "return document.getElementById('charts').dataset.drawn == 'true'";
    chrome.until("charts are drawn", drawn).await;
    let picture = "return document.querySelector('[data-chart=latencies] canvas').toDataURL()";
    let median = chrome.run(picture).await;
    chrome.press("[name=quantile][value=p99]").await;
    assert_ne!(chrome.run(picture).await, median, "p99 is another line");

    let hours = "const { from, until } = document.getElementById('charts').dataset; \
                 const hours = (Date.parse(until) - Date.parse(from)) / 3_600_000;";
    chrome.until("a week is shown", &format!("{hours} return hours == 168")).await;
    chrome.drag_over("[data-chart=results] .u-over", 0.2).await;
    chrome.until("a fifth of it is shown", &format!("{hours} return Math.abs(hours - 168 / 5) < 1")).await;
    let address = chrome.run("return location.search").await;
    let address = address.as_str().expect("a text").to_owned();
    assert!(address.starts_with("?range=7d&from=") && address.contains("&until="), "{address}");
    chrome.until("so it is said", "return document.querySelector('#history .part') != null").await;
    let executions = chrome.text("#executions").await;
    assert!(executions.contains("No execution is like that"), "they are of that part, too: {executions}");
    chrome.run("window.history.back()").await;
    chrome.until("the browser goes back", &format!("{hours} return hours == 168")).await;
    chrome.go(&format!("{url}{CASE}{address}")).await;
    chrome
        .until(
            "who gets the address sees the same",
            &format!("{drawn} && document.querySelector('#history .part') != null"),
        )
        .await;
    chrome.until("a fifth is shown", &format!("{hours} return Math.abs(hours - 168 / 5) < 1")).await;
    chrome.double_click("[data-chart=results] .u-over").await;
    chrome.until("all of it is shown again", &format!("{hours} return hours == 168")).await;
    server.stop().await;
    chrome.close().await;
}

#[tokio::test]
async fn markup_in_names_ids_errors_and_payloads_is_shown_as_it_is_written() {
    let Some(chrome) = Chrome::open(1280, 900, false).await else { return };
    let (server, url) = Shop::new().open().await;
    chrome.go(&url).await;
    let has_markup = |page: &'static str| {
        let script = format!("return document.querySelector('{page}').textContent.includes(arguments[0])");
        let client = chrome.client.clone();
        async move {
            let found = client.execute(&script, vec![json!(MARKUP)]).await.expect("it runs");
            assert_eq!(found, true, "{script}");
        }
    };
    // A name is shown with its path apart.
    assert!(chrome.text("#cases").await.contains("<script>document.title='owned'</script>"));
    for address in
        [format!("/case/{}", urlencoded(MARKUP)), format!("/execution/{0}/{0}", urlencoded(MARKUP))]
    {
        chrome.go(&format!("{url}{address}")).await;
        chrome
            .until(
                "its charts are drawn, where it has some",
                "return document.querySelectorAll('#charts canvas').length == document.querySelectorAll('.chart').length",
            )
            .await;
        has_markup("main").await;
        let injected = chrome.run("return document.querySelectorAll('main script, main img').length").await;
        assert_eq!(injected, 0, "{address}");
        let title = chrome.run("return document.title").await;
        assert_ne!(title, "owned", "{address}");
    }
    chrome.go(&format!("{url}/?q={}", urlencoded(MARKUP))).await;
    let value = chrome.run("return document.querySelector('input[name=q]').value").await;
    assert_eq!(value, MARKUP);
    server.stop().await;
    chrome.close().await;
}

#[tokio::test]
async fn search_and_filter_stand_in_the_address_and_keys_reach_everything() {
    let Some(chrome) = Chrome::open(1280, 900, false).await else { return };
    let (server, url) = Shop::new().open().await;
    chrome.go(&url).await;
    let body = chrome.client.find(Locator::Css("body")).await.expect("a body");
    body.send_keys("/").await.expect("a key");
    assert_eq!(chrome.run("return document.activeElement.name").await, "q", "/ leads to the search");
    let search = chrome.client.active_element().await.expect("the search");
    search.send_keys("refund").await.expect("keys");
    chrome.until("one case is left", "return document.querySelectorAll('#cases tbody tr').length == 1").await;
    assert_eq!(chrome.run("return location.search").await, "?q=refund");
    search.send_keys(&Key::Escape.to_string()).await.expect("a key");
    body.send_keys("j").await.expect("a key");
    let link = chrome.client.active_element().await.expect("a case");
    assert_eq!(link.text().await.expect("a text"), "refund", "j goes to the first row");

    // Whoever is sent the address sees the same.
    chrome.go(&format!("{url}/?state=FAIL")).await;
    assert_eq!(chrome.run("return document.querySelectorAll('#cases tbody tr').length").await, 2);
    chrome.go(&format!("{url}{CASE}?state=TIMEOUT&range=1h")).await;
    assert_eq!(chrome.run("return document.querySelector('select[name=state]').value").await, "TIMEOUT");
    assert_eq!(chrome.run("return document.querySelector('.ranges [aria-current]').textContent").await, "1h");

    // Tab goes to the skip link first, and each thing that has the focus is seen to have it.
    chrome.go(&url).await;
    let body = chrome.client.find(Locator::Css("body")).await.expect("a body");
    body.send_keys(&Key::Tab.to_string()).await.expect("a key");
    assert_eq!(chrome.run("return document.activeElement.className").await, "skip");
    let outline = chrome.run("return getComputedStyle(document.activeElement).outlineStyle").await;
    assert_eq!(outline, "solid");
    server.stop().await;
    chrome.close().await;
}

#[tokio::test]
async fn errors_are_told() {
    let Some(chrome) = Chrome::open(1280, 900, false).await else { return };
    let shop = Shop::new();
    let (server, url) = shop.open().await;
    chrome.go(&format!("{url}/case/unheard::of")).await;
    assert_eq!(chrome.text("[role=alert]").await, "nothing is known of case `unheard::of`");
    chrome.go(&format!("{url}{CASE}?range=5m")).await;
    assert_eq!(chrome.text("[role=alert]").await, "range=5m: 1h, 6h, 24h, 7d, 30d and 90d are known");
    chrome.go(&format!("{url}/no/such/page")).await;
    assert_eq!(chrome.text("h1").await, "Not Found");

    chrome.go(&url).await;
    *shop.is_away.lock().expect("no test panics") = Some("the database is away".to_owned());
    shop.change(|_| ());
    chrome
        .until(
            "why there is no news",
            "return document.getElementById('live').textContent.includes('the database is away')",
        )
        .await;
    assert!(chrome.text("#cases").await.contains("order_flow"), "what is known is still shown");
    server.stop().await;
    chrome.close().await;
}

#[tokio::test]
async fn who_has_the_token_can_trigger_silence_and_sample_a_case_and_nobody_else() {
    let Some(chrome) = Chrome::open(1280, 900, false).await else { return };
    let shop = Shop::new();
    let (server, url) = shop.open().await;
    chrome.go(&format!("{url}{CASE}")).await;
    chrome.press(".changes summary").await;
    chrome.press("[data-kind=trigger] button").await;
    chrome.until_said("the token is not this server's: send `Authorization: Bearer TOKEN`").await;
    assert_eq!(shop.changes(), [""; 0]);

    chrome.write("#token", TOKEN).await;
    chrome.press("[data-kind=trigger] button").await;
    chrome.until_said("done: Trigger { arguments: {} }").await;
    // What comes of it is seen beside what was said, and not instead.
    shop.change(|cases| cases[0].counts.triggered = 7_654_321);
    let count = "return document.querySelector('#now').textContent.includes('7\u{202f}654\u{202f}321')";
    chrome.until("it is counted", count).await;
    chrome.until_said("done: Trigger { arguments: {} }").await;

    // A silence says why; the browser asks for it before anything is sent.
    chrome.press("[data-kind=silence] button").await;
    assert_eq!(chrome.run("return document.activeElement.name").await, "reason");
    chrome.write("[data-kind=silence] [name=reason]", "the bank is closed").await;
    chrome.press("[data-kind=silence] button").await;
    chrome.until_said("done: Silence { lasts: \"2h\", reason: \"the bank is closed\" }").await;

    for (typed, lasts, set) in [
        ("10%", "1h", "Probability { value: Some(Probability(0.1)), lasts: Some(\"1h\") }"),
        ("0.5", "", "Probability { value: Some(Probability(0.5)), lasts: None }"),
        ("", "", "Probability { value: None, lasts: None }"),
    ] {
        chrome.write("[data-kind=probability] [name=value]", typed).await;
        chrome.write("[data-kind=probability] [name=for]", lasts).await;
        chrome.press("[data-kind=probability] button").await;
        chrome.until_said(&format!("done: {set}")).await;
    }
    assert_eq!(shop.changes().len(), 5);

    // What makes no sense changes nothing, and says what it is.
    for (field, typed, button, said) in [
        ("[name=arguments]", "{ side:", "trigger", "The arguments are no JSON"),
        (
            "[name=value]",
            "often",
            "probability",
            "`often` is no probability: expected a share such as 10% or 0.1",
        ),
        ("[name=value]", "110%", "probability", "the body is no change"),
    ] {
        chrome.write(field, typed).await;
        chrome.press(&format!("[data-kind={button}] button")).await;
        chrome.until_said(said).await;
    }
    assert_eq!(shop.changes().len(), 5);
    chrome.assert_well("a case that may be changed").await;
    server.stop().await;
    chrome.close().await;
}

fn urlencoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
