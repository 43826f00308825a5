//! Web Locks: a lock of each tab, which the browser frees when the tab is closed or has crashed.
//! (W3C, *Web Locks API*.)

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &Function,
    ) -> Result<Promise, JsValue>;

    type AbortSignal;

    #[wasm_bindgen(static_method_of = AbortSignal, catch)]
    fn timeout(milliseconds: u32) -> Result<AbortSignal, JsValue>;
}

/// The time for which a tab waits for its own lock, in milliseconds. After a reload the former
/// document may still have it for a moment.
const WAIT_MS: u32 = 500;

/// The result of asking for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// This tab has the lock, for as long as it lives.
    Here,
    /// Another tab has it.
    Elsewhere,
    /// The browser has no locks here: they need https, or this very machine.
    Unsupported,
}

fn manager() -> Option<LockManager> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    (!locks.is_undefined() && !locks.is_null()).then(|| locks.unchecked_into())
}

/// Returns `true` if the browser has locks here.
pub(super) fn is_supported() -> bool {
    manager().is_some()
}

fn name(tab: &str) -> String {
    format!("secure-chat.tab.{tab}")
}

/// Takes the lock of a tab for the life of this document.
pub(super) async fn hold(tab: &str) -> Held {
    let (Some(manager), Ok(signal)) = (manager(), AbortSignal::timeout(WAIT_MS)) else {
        return Held::Unsupported;
    };
    let options = Object::new();
    let _ = Reflect::set(&options, &"signal".into(), &signal);
    let mut granted = None;
    let has_it = Promise::new(&mut |resolve, _| granted = Some(resolve));
    let callback = Closure::once_into_js(move |_lock: JsValue| -> JsValue {
        if let Some(granted) = granted {
            let _ = granted.call0(&JsValue::UNDEFINED);
        }
        // The lock is held until this promise is settled, which is never.
        Promise::new(&mut |_, _| {}).into()
    });
    let Ok(request) = manager.request(&name(tab), &options, callback.unchecked_ref()) else {
        return Held::Unsupported;
    };
    match JsFuture::from(Promise::race(&Array::of2(&has_it, &request))).await {
        Ok(_) => Held::Here,
        Err(_) => Held::Elsewhere,
    }
}

/// Does `work` with the lock of a tab that is gone. Returns `false` if that tab still has it.
pub(super) async fn with_free<F>(tab: &str, work: impl FnOnce() -> F + 'static) -> bool
where
    F: Future<Output = ()> + 'static,
{
    let Some(manager) = manager() else {
        return false;
    };
    let options = Object::new();
    let _ = Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE);
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        if lock.is_null() {
            return JsValue::FALSE;
        }
        let work = work();
        future_to_promise(async move {
            work.await;
            Ok(JsValue::TRUE)
        })
        .into()
    });
    let Ok(request) = manager.request(&name(tab), &options, callback.unchecked_ref()) else {
        return false;
    };
    JsFuture::from(request)
        .await
        .is_ok_and(|done| done.is_truthy())
}
