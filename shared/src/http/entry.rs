//! What whoever hosts the routes has to say to a request once it is known who calls, and before anything is done for it:
//! whether there is room, and the body where the host has kept that back.
//!
//! Its one rule: the host decides, and a host may have nothing to say. In AWS nobody has: API Gateway has read the body, and
//! Lambda's concurrency has made the room.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{body::Body, extract::Request};

use super::routes::Route;
use crate::{error::Result, tenant::TenantId};

/// The host's side of one request.
#[async_trait]
pub trait Entry: Send + Sync {
    /// Lets the request in. `tenant` is none on a public route. Returns the body, or none where the request has it:
    /// the whole of it, unless the route `streams`, that is, reads it as it comes.
    ///
    /// # Errors
    /// When there is no room, or the body is too large, too slow or broken off.
    async fn enter(&self, tenant: Option<TenantId>, streams: bool) -> Result<Option<Body>>;
}

/// Travels with the request.
#[derive(Clone)]
pub struct Hosted(pub Arc<dyn Entry>);

/// Asks the host, if there is one to ask.
pub(super) async fn enter(mut request: Request, tenant: Option<TenantId>, route: &Route) -> Result<Request> {
    let Some(Hosted(host)) = request.extensions_mut().remove::<Hosted>() else { return Ok(request) };
    if let Some(body) = host.enter(tenant, route.streams).await? {
        *request.body_mut() = body;
    }
    Ok(request)
}
