// What every client here needs: where the server is, and a client as people make one.
//   GRAPH_URL       https://127.0.0.1:PORT, with NODE_EXTRA_CA_CERTS naming the authority
//   GRAPH_TOKEN     an administrator's token
import graph from "@microsoft/microsoft-graph-client";

export const { BatchRequestContent, BatchResponseContent, Client, GraphError, PageIterator, ResponseType } = graph;

export const url = process.env.GRAPH_URL;
export const token = process.env.GRAPH_TOKEN;
if (!url || !token) throw new Error("GRAPH_URL and GRAPH_TOKEN are set by the test that runs this");

/** A client with the middleware that everybody has: authentication, retry, redirect, telemetry. */
export const connect = (defaultVersion = "v1.0", given = token) =>
  Client.initWithMiddleware({
    baseUrl: `${url}/`,
    defaultVersion,
    customHosts: new Set([new URL(url).hostname]),
    authProvider: { getAccessToken: async () => given },
  });
