// A login provider on this machine: `node provider.mjs PORT FILE`. With PORT 0 it takes a free one; it writes
// the one it has into FILE once it listens. It makes new keys at each start. SECONDS sets its clock forward,
// ALGORITHM is how it signs, KPID where kpid is.

import { createServer } from "node:http";
import { renameSync, writeFileSync } from "node:fs";

const ahead = Number(process.env.SECONDS ?? 0) * 1000;
const now = Date.now;
Date.now = () => now() + ahead;

const { exportJWK, generateKeyPair } = await import("jose");
const { default: Provider } = await import("oidc-provider");

const [port, file] = process.argv.slice(2);
const algorithm = process.env.ALGORITHM ?? "RS256";
const kpid = process.env.KPID ?? "https://kpi.acme.example";

/** Who can log in. */
const accounts = {
  ines: { email: "ines@acme.example", email_verified: true, groups: ["controlling"] },
  tom: { email: "tom@acme.example", email_verified: false },
  eve: { email: "eve@elsewhere.example", email_verified: true, groups: ["visitors"] },
  olga: {},
};

const keys = async (alg) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: "sig", kid: crypto.randomUUID() };
};

const server = createServer();
await new Promise((listens) => server.listen(Number(port), "127.0.0.1", listens));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "kpid",
      client_secret: "a secret: with % and +",
      redirect_uris: [`${kpid}/login/callback`],
      post_logout_redirect_uris: [`${kpid}/logged-out`],
      id_token_signed_response_alg: algorithm,
    },
  ],
  jwks: { keys: [await keys(algorithm)] },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256"] },
  cookies: { keys: [crypto.randomUUID()] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
  // Told at `/userinfo`, as many providers do; else in the ID token.
  conformIdTokenClaims: process.env.CLAIMS !== "token",
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (context, form) => {
        context.body = `${form}<button form="op.logoutForm" name="logout" value="yes">Log out here, too</button>`;
      },
    },
  },
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  findAccount: (_, id) => accounts[id] && { accountId: id, claims: () => ({ sub: id, ...accounts[id] }) },
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope("openid profile email groups");
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
server.on("request", async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (!pathname.startsWith("/interaction/")) return answer(request, response);
  const login = searchParams.get("login");
  if (!login) return response.end("Who are you?");
  const result = login === "nobody" ? { error: "access_denied", error_description: "go away" } : { login: { accountId: login } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
});

writeFileSync(`${file}.part`, String(server.address().port));
renameSync(`${file}.part`, file);
