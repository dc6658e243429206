//! The bodies of the interface: what comes in, what goes out. Field names and values here are the
//! contract; the engine's views may change behind them.

mod agreements;
mod answers;
mod diagnosis;
mod events;
mod evidence;
mod explanation;
mod mandates;
mod payments;
mod persons;
mod reference;
pub(crate) mod requests;
mod session;
mod statements;
mod webhooks;

use serde::Serialize;

pub(crate) use agreements::{CompanyAccountRequest, ImportBody, ImportQuery};
pub(crate) use answers::{
    BindingBody, BindingList, InstrumentBody, InstrumentList, SessionBody, TimelineBody,
    VerificationBody, VerificationList,
};
pub(crate) use diagnosis::{CardBody, DiagnosisBody, FindingBody, StepBody};
pub(crate) use events::{EventFeedBody, FeedQuery, event_json};
pub(crate) use evidence::ReceiptBody;
pub(crate) use explanation::{DiagnosisRequest, ExplanationBody};
pub(crate) use mandates::{MandateBody, MandateRequest};
pub(crate) use payments::{
    DisbursementRequest, LenderBody, LenderList, PaymentBody, PaymentList, PaymentQuery,
    RefundRequest, RepaymentRequest,
};
pub(crate) use persons::{
    ApprovalBody, ApprovalList, BalanceBody, BalanceList, BalanceRequest, LimitBody, LimitList,
    ProposalRequest, StopBody, StopList, StopRequest,
};
pub(crate) use reference::{
    BinBody, CauseBody, CauseList, ChannelBody, ChannelList, ConsentBody, ConsentList,
    ConsentTextBody, HealthBody, PrecheckBody,
};
pub(crate) use requests::{
    BindingRequest, ConfirmRequest, EmptyRequest, PrecheckRequest, VerificationRequest,
};
pub(crate) use session::{SessionRequest, StatusLinkBody, StatusLinkRequest};
pub(crate) use statements::StatementBody;
pub(crate) use webhooks::{
    DeliveryBody, DeliveryList, EndpointBody, EndpointChangeRequest, EndpointList, EndpointRequest,
    IssuedEndpointBody,
};

/// The stable name of a value that serialises to one word, as `snake_case` enums do.
pub(crate) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
