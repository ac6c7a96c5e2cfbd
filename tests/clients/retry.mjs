// One request by Microsoft's client while the server's database is away: the client's own middleware waits as
// `Retry-After` says and asks again, until there is an answer. Prints how often it had to.
import graph from "@microsoft/microsoft-graph-client";
import { Client, token, url } from "./connect.mjs";

const { HTTPMessageHandler, RetryHandler, RetryHandlerOptions, AuthenticationHandler } = graph;

/** Looks at what passes; the client's own handlers do the rest. */
class Watch {
  statuses = [];
  async execute(context) {
    await this.next.execute(context);
    this.statuses.push([context.response.status, context.response.headers.get("retry-after")]);
    console.log(`asked: ${context.response.status}`);
  }
  setNext(next) {
    this.next = next;
  }
}
const authentication = new AuthenticationHandler({ getAccessToken: async () => token });
const retry = new RetryHandler(new RetryHandlerOptions());
const watch = new Watch();
authentication.setNext(retry);
retry.setNext(watch);
watch.setNext(new HTTPMessageHandler());
const client = Client.initWithMiddleware({
  baseUrl: `${url}/`,
  defaultVersion: "v1.0",
  customHosts: new Set([new URL(url).hostname]),
  middleware: authentication,
});
const began = Date.now();
const answer = await client.api("/organization").get();
console.log(JSON.stringify({ statuses: watch.statuses, name: answer.value[0].displayName, millis: Date.now() - began }));
