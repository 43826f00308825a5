//! Orders a certificate (RFC 8555 §7.4): proves the names, and downloads what was issued for them.

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Identifier, NewOrder, Order, OrderStatus,
    RetryPolicy,
};

use super::challenge;
use super::error::AcmeError;
use crate::tls::{OpenChallenge, Tls};

/// The time that a directory has to look at the answers, and then to issue: some take a minute, from
/// several places of the world.
const STEP_TIMEOUT: Duration = Duration::from_mins(2);

/// The first pause before the directory is asked how far it is; later ones are longer.
const FIRST_LOOK: Duration = Duration::from_millis(500);

/// A certificate that was issued, in PEM.
pub(super) struct Issued {
    pub(super) chain: String,
    pub(super) key: String,
}

/// Orders a certificate for `names`.
pub(super) async fn order(
    account: &Account,
    names: &[String],
    tls: &Arc<Tls>,
) -> Result<Issued, AcmeError> {
    let identifiers: Vec<_> = names.iter().cloned().map(Identifier::Dns).collect();
    let order = account.new_order(&NewOrder::new(&identifiers)).await;
    let mut order = order.map_err(AcmeError::Directory)?;
    // Answered until the directory has looked at all, or this attempt is given up.
    let answers = answer_challenges(&mut order, tls).await?;
    let looks = RetryPolicy::new()
        .initial_delay(FIRST_LOOK)
        .timeout(STEP_TIMEOUT);
    let status = order.poll_ready(&looks).await;
    drop(answers);
    match status {
        Ok(OrderStatus::Ready) => {}
        Ok(_) => return Err(refusal(&mut order).await.unwrap_or(AcmeError::Ended)),
        Err(error) => {
            let refusal = refusal(&mut order).await;
            return Err(refusal.unwrap_or(AcmeError::Directory(error)));
        }
    }
    let key = order.finalize().await.map_err(AcmeError::Directory)?;
    let chain = order.poll_certificate(&looks).await;
    let chain = chain.map_err(AcmeError::Directory)?;
    Ok(Issued { chain, key })
}

/// Answers the challenge of each name that is not proven yet.
async fn answer_challenges(
    order: &mut Order,
    tls: &Arc<Tls>,
) -> Result<Vec<OpenChallenge>, AcmeError> {
    let mut answers = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(AcmeError::Directory)?;
        // A directory may remember a proof for days.
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let Some(mut asked) = authorization.challenge(ChallengeType::TlsAlpn01) else {
            return Err(AcmeError::NoChallenge(name));
        };
        let key = challenge::answer(&name, asked.key_authorization().digest().as_ref())?;
        answers.push(tls.answer_challenge(&name, key));
        asked.set_ready().await.map_err(AcmeError::Directory)?;
    }
    Ok(answers)
}

/// Returns why the directory has not accepted a proof: the order itself does not say it.
async fn refusal(order: &mut Order) -> Option<AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.ok()?;
        authorization.refresh().await.ok()?;
        let name = authorization.identifier().to_string();
        let mut challenges = authorization.challenges.iter();
        if let Some(problem) = challenges.find_map(|it| it.error.as_ref()) {
            let detail = problem.to_string();
            return Some(AcmeError::NotProven { name, detail });
        }
    }
    None
}
