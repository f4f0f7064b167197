//! A real browser: Chromium, led by chromedriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// A headless Chromium of its own.
pub struct Browser {
    /// What speaks to it.
    pub client: Client,
    driver: Child,
}

impl Browser {
    /// A fresh headless browser with its driver; `None`, said aloud, where none is installed.
    pub async fn open(script: bool) -> Option<Self> {
        let spawned = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn();
        let Ok(mut driver) = spawned else {
            println!("chromedriver is not installed: what a browser does was not tried");
            return None;
        };
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok()
            })
            .expect("chromedriver tells its port");
        let javascript = if script { 1 } else { 2 };
        let mut options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,1000", "--hide-scrollbars"],
            "prefs": {"profile.managed_default_content_settings.javascript": javascript},
        });
        match std::env::var("PAGE_SHAPE").as_deref() {
            Ok("phone") => {
                let phone =
                    json!({"width": 390, "height": 844, "pixelRatio": 2.0, "mobile": true, "touch": false});
                options["mobileEmulation"] = json!({"deviceMetrics": phone});
            }
            Ok("dark") => options["args"].as_array_mut().unwrap().push(json!("--force-dark-mode")),
            _ => {}
        }
        let capabilities = json!({"goog:chromeOptions": options});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser starts");
        Some(Self { client, driver })
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    pub async fn text(&self) -> String {
        self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap()
    }

    pub async fn click(&self, css: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().click().await.unwrap();
    }

    pub async fn type_code(&self, code: &str) {
        let input = self.client.find(Locator::Css("#code")).await.unwrap();
        input.clear().await.unwrap();
        input.send_keys(code).await.unwrap();
    }

    pub async fn url(&self) -> String {
        self.client.current_url().await.unwrap().to_string()
    }

    /// Waits for the page after a click to be there.
    pub async fn heading(&self, words: &str) {
        let found = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Ok(heading) = self.client.find(Locator::Css("h1")).await
                    && heading.text().await.is_ok_and(|text| text.contains(words))
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(found.await.is_ok(), "no heading {words:?} in:\n{}", self.text().await);
    }

    pub async fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os("PAGE_PICTURES") else { return };
        let shape = std::env::var("PAGE_SHAPE").unwrap_or_else(|_| "wide".to_owned());
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(std::path::Path::new(&folder).join(format!("{name}-{shape}.png")), picture).unwrap();
    }

    pub async fn close(self) {
        let _ = self.client.clone().close().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
