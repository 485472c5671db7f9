import type { Dispatcher } from 'undici';
import type { WriteGate } from './exchange.ts';

/**
 * A dispatcher that asks the gate when a request goes onto its socket, and not when it is handed over: until then it waits for the connection,
 * and a process that is stopped meanwhile goes on with the socket before any timer.
 */
export function gated(dispatcher: Dispatcher, gate: WriteGate): Dispatcher {
  return dispatcher.compose(
    (dispatch) => (options, handler) =>
      dispatch(
        options,
        asking(handler, () => gate.pass()),
      ),
  );
}

/** The handler, behind one that throws where the request may not leave: undici fails it with that then, and keeps the connection. */
function asking(handler: Dispatcher.DispatchHandler, ask: () => void): Dispatcher.DispatchHandler {
  return {
    onRequestStart(...args) {
      ask();
      handler.onRequestStart?.(...args);
    },
    onResponseStart: (...args) => handler.onResponseStart?.(...args),
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (...args) => handler.onResponseError?.(...args),
  };
}
