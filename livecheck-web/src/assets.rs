//! The files of the page: its style, its scripts, and the chart library, all within this program.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use sha2::{Digest, Sha256};

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: [Asset; 6] = [
    Asset { name: "style.css", kind: CSS, content: include_str!("../assets/style.css") },
    Asset { name: "theme.js", kind: SCRIPT, content: include_str!("../assets/theme.js") },
    Asset { name: "page.js", kind: SCRIPT, content: include_str!("../assets/page.js") },
    Asset { name: "charts.js", kind: SCRIPT, content: include_str!("../assets/charts.js") },
    Asset { name: "uPlot.esm.js", kind: SCRIPT, content: include_str!("../assets/uplot/uPlot.esm.js") },
    Asset { name: "uPlot.min.css", kind: CSS, content: include_str!("../assets/uplot/uPlot.min.css") },
];

/// What names this version of the files: browsers keep them as long as that is the same.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    ASSETS.iter().for_each(|asset| hash.update(asset.content));
    hex(&hash.finalize()[..8])
});

/// The address of a file.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// Answers with a file. An address of another version has this one, too, which is not to be kept.
pub(crate) async fn serve(Path((version, name)): Path<(String, String)>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)], asset.content).into_response()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_library_is_as_it_was_published() {
        let noted = include_str!("../assets/uplot/README.md");
        for asset in ASSETS.iter().filter(|asset| asset.name.starts_with("uPlot")) {
            let line = format!("{}  {}", hex(&Sha256::digest(asset.content)), asset.name);
            assert!(noted.contains(&line), "README.md does not have: {line}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for Asset { name, content, .. } in ASSETS.iter().filter(|asset| !asset.name.starts_with("uPlot")) {
            assert!(!content.contains("http://") && !content.contains("https://"), "{name}");
        }
    }
}
