//! Every address of the page, and what each method does there.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;

use super::form::Form;
use super::limits::{Limits, client};
use super::pace::Pace;
use super::pages::{Done, Pages, Wrong, tag};
use super::{Busy, Deadlines, Desk, Outcome, Shown};
use crate::config::{LetterLanguage, Public};
use crate::identity::Token;

/// Bytes of a form.
const BODY_BYTES_MAX: usize = 8 << 10;
/// What an answer costs of an allowance, where a look costs one.
const ANSWER_COST: u64 = 3;

/// The connection's other end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// What every handler needs.
pub(super) struct App {
    pages: Pages,
    desk: Desk,
    limits: Limits,
    pace: Pace,
    proxy: Option<IpAddr>,
    deadlines: Deadlines,
    policy: HeaderValue,
}

impl App {
    pub(super) fn new(public: &Public, pages: Pages, pace: Pace, desk: Desk, deadlines: Deadlines) -> Self {
        let policy = format!(
            "default-src 'none'; style-src {}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            pages.style_hash
        );
        Self {
            desk,
            limits: Limits::new(public),
            pace,
            proxy: public.trusted_proxy,
            deadlines,
            policy: HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")),
            pages,
        }
    }

    /// The routes, at the root and below the base path: some proxies take the path off, some leave it.
    pub(super) fn router(app: Arc<Self>) -> Router {
        let mut routes =
            Router::new().route("/health", get(health)).route("/c/{token}", get(look).post(answer));
        for language in [LetterLanguage::Fr, LetterLanguage::En] {
            for done in Done::ALL {
                let page = move |State(app): State<Arc<App>>| async move {
                    app.page(StatusCode::OK, app.pages.done(language, done))
                };
                routes = routes.route(&format!("/{}/{}", tag(language), done.name()), get(page));
            }
        }
        let mut all = Router::new().merge(routes.clone());
        if !app.pages.base_path.is_empty() {
            all = all.nest(&app.pages.base_path, routes);
        }
        all.fallback(nothing_here).method_not_allowed_fallback(not_that_way).with_state(app)
    }

    /// A page with every header that keeps it to itself (T20, T24).
    fn page(&self, status: StatusCode, body: Bytes) -> Response {
        const FIXED: &[(HeaderName, &str)] = &[
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        ];
        const MORE: &[(&str, &str)] = &[
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "interest-cohort=()"),
            ("x-robots-tag", "noindex, nofollow"),
        ];
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in FIXED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in MORE {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        response
    }

    fn gone(&self) -> Response {
        self.page(StatusCode::NOT_FOUND, self.pages.gone.clone())
    }

    fn trouble(&self, status: StatusCode) -> Response {
        let mut response = self.page(status, self.pages.trouble.clone());
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }

    /// The question, with what to mend, or a plain word if it cannot be rendered.
    fn question(&self, shown: &Shown, language: LetterLanguage, wrong: Wrong) -> Response {
        let status = match wrong {
            Wrong::Nothing => StatusCode::OK,
            Wrong::Code(_) | Wrong::Missing | Wrong::Sure => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let page = if !shown.takes_answers() || wrong == Wrong::Code(0) {
            self.pages.locked(shown, language)
        } else {
            self.pages.question(shown, language, wrong)
        };
        match page {
            Ok(page) => self.page(status, page),
            Err(_) => self.trouble(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn admits(&self, peer: Peer, headers: &HeaderMap, cost: u64) -> bool {
        // The last field is the one that the proxy wrote, as its last entry is.
        let forwarded =
            headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        self.limits.admits(client(peer.0, self.proxy, forwarded), cost)
    }

    /// What may be shown for the token in `uri`. One that is malformed is looked up all the same, as a token that
    /// nobody has (T19).
    async fn shown(&self, uri: &Uri) -> Result<(Token, Option<Shown>), Busy> {
        let text = uri.path().rsplit('/').next().unwrap_or_default();
        let token = Token::parse(text).unwrap_or_else(|| Token::from_random([0; 20]));
        let shown = self.desk.look(token.clone()).await?;
        Ok((token, shown))
    }
}

async fn health(State(app): State<Arc<App>>) -> Response {
    let mut response = app.page(StatusCode::OK, Bytes::from_static(b"ok\n"));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

async fn nothing_here(State(app): State<Arc<App>>) -> Response {
    app.gone()
}

async fn not_that_way(State(app): State<Arc<App>>) -> Response {
    app.trouble(StatusCode::METHOD_NOT_ALLOWED)
}

/// `GET` and `HEAD`: shows the question, changes nothing (T16).
async fn look(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    debug_assert!(method == Method::GET || method == Method::HEAD, "only these two may come here");
    if !app.admits(peer, &headers, 1) {
        return app.trouble(StatusCode::TOO_MANY_REQUESTS);
    }
    let moment = app.pace.arrived();
    let response = match app.shown(&uri).await {
        Ok((_, Some(shown))) => app.question(&shown, language(&uri, &shown), Wrong::Nothing),
        Ok((_, None)) => app.gone(),
        Err(Busy) => app.trouble(StatusCode::SERVICE_UNAVAILABLE),
    };
    moment.come().await;
    response
}

/// `POST`: a person's answer, or a mail program's one click (RFC 8058).
async fn answer(State(app): State<Arc<App>>, Extension(peer): Extension<Peer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !app.admits(peer, &parts.headers, ANSWER_COST) {
        return app.trouble(StatusCode::TOO_MANY_REQUESTS);
    }
    if !comes_from_us_or_a_mail_program(&parts.headers, &app.pages.origin) {
        return app.trouble(StatusCode::FORBIDDEN);
    }
    let read = axum::body::to_bytes(body, BODY_BYTES_MAX);
    let body = match tokio::time::timeout(app.deadlines.body, read).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return app.trouble(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => return app.trouble(StatusCode::REQUEST_TIMEOUT),
    };
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(form) = Form::read(content_type.unwrap_or_default(), &body) else {
        return app.trouble(StatusCode::BAD_REQUEST);
    };
    let moment = app.pace.arrived();
    let response = match app.shown(&parts.uri).await {
        Ok((token, Some(shown))) => {
            let language = language(&parts.uri, &shown);
            settle(&app, token, &shown, language, form).await
        }
        Ok((_, None)) => Ok(app.gone()),
        Err(Busy) => Err(Busy),
    };
    moment.come().await;
    response.unwrap_or_else(|Busy| app.trouble(StatusCode::SERVICE_UNAVAILABLE))
}

async fn settle(
    app: &App,
    token: Token,
    shown: &Shown,
    language: LetterLanguage,
    form: Form,
) -> Result<Response, Busy> {
    let mend = |wrong| Ok(app.question(shown, language, wrong));
    if !shown.takes_answers() {
        return mend(Wrong::Nothing);
    }
    let (one_click, yes, code) = match form {
        Form::OneClick => (true, true, None),
        // Robots press every button: this one would keep the advertising coming, so it takes a second thought.
        Form::Button { yes: false, sure: false, .. } if !shown.asks_code => return mend(Wrong::Sure),
        Form::Button { yes, code, .. } => (false, yes, code),
    };
    if shown.asks_code && code.is_none() {
        return mend(Wrong::Missing);
    }
    match app.desk.act(token, code.filter(|_| shown.asks_code), yes).await? {
        Outcome::Done => {
            let done = match (yes, shown.opt_out_only) {
                (false, _) => Done::Declined,
                (true, true) => Done::Stopped,
                (true, false) => Done::Confirmed,
            };
            // A mail program follows nothing (RFC 8058 §3.1).
            if one_click {
                return Ok(app.page(StatusCode::OK, app.pages.done(language, done)));
            }
            let mut response = app.page(StatusCode::SEE_OTHER, Bytes::new());
            let place = format!("{}{}", app.pages.origin, app.pages.done_path(language, done));
            if let Ok(place) = HeaderValue::try_from(place) {
                response.headers_mut().insert(header::LOCATION, place);
            }
            Ok(response)
        }
        Outcome::Gone => Ok(app.gone()),
        wrong @ Outcome::WrongCode { .. } => mend(wrong.into()),
    }
}

/// The letter's language, unless the visitor chose.
fn language(uri: &Uri, shown: &Shown) -> LetterLanguage {
    match uri.query() {
        Some("lang=fr") => LetterLanguage::Fr,
        Some("lang=en") => LetterLanguage::En,
        _ => shown.language,
    }
}

/// Whether a form was sent from our own page, or by something that is no browser. Who knows the token may answer, so
/// this only keeps another site from making a visitor's browser do it. Under `no-referrer` browsers write
/// `Origin: null` on our own forms.
fn comes_from_us_or_a_mail_program(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text("sec-fetch-site") {
        Some("same-origin" | "none") => return true,
        Some(_) => return false,
        None => {}
    }
    text("origin").is_none_or(|from| from == "null" || from.eq_ignore_ascii_case(origin))
}
