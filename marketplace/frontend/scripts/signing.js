// Signing with NCALayer, the program of the national authority on the person's own computer (templates/account/_signing.html).
// It speaks JSON over a socket of this machine; the key never leaves it. Whoever has no NCALayer signs a file.
const ADDRESS = "wss://127.0.0.1:13579/";
const WAIT = 180000; // ms: the person looks for her key and types its password
// Purposes of the authority's two certificates: to sign in, and to sign.
const PURPOSES = { auth: "1.3.6.1.5.5.7.3.2", sign: "1.3.6.1.5.5.7.3.4" };

const form = document.querySelector("[data-signing]");

function sign(socket, data, purpose, locale) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, WAIT);
    socket.onerror = socket.onclose = () => {
      clearTimeout(timer);
      reject();
    };
    socket.onopen = () =>
      socket.send(
        JSON.stringify({
          module: "kz.gov.pki.knca.basics",
          method: "sign",
          args: {
            allowedStorages: null,
            format: "cms",
            data,
            signingParams: { decode: true, encapsulate: false, digested: false },
            signerParams: { extKeyUsageOids: [purpose] },
            locale,
          },
        }),
      );
    socket.onmessage = (event) => {
      const answer = JSON.parse(event.data);
      if (answer.result && answer.result.version) return; // it says who it is before it is asked
      const result = answer.status && answer.body && answer.body.result;
      const made = Array.isArray(result) ? result[0] : result;
      clearTimeout(timer);
      if (typeof made === "string") resolve(made);
      else reject();
    };
  });
}

if (form && window.WebSocket) {
  const box = form.querySelector("[data-ncalayer]");
  const waits = box.querySelector("[data-ncalayer-waits]");
  const failed = box.querySelector("[data-ncalayer-failed]");
  box.hidden = false;
  box.querySelector("button").addEventListener("click", async () => {
    failed.hidden = true;
    waits.hidden = false;
    let socket;
    try {
      socket = new WebSocket(ADDRESS);
      const locale = document.documentElement.lang === "kk" ? "kk" : "ru";
      form.elements.signature.value = await sign(socket, form.dataset.signingData, PURPOSES[form.dataset.signing], locale);
      form.submit();
    } catch (error) {
      failed.hidden = false;
    }
    waits.hidden = true;
    if (socket) socket.close();
  });
}
