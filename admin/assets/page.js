// Updates a page while it is open. Everything works without it.
'use strict';
(() => {
  const pace = 5000, patience = 10000;
  const byId = (id) => document.getElementById(id);
  const follow = document.body.dataset.follow;
  let timer = 0, busy = false, seen = Date.now();

  // A region that the operator works in is not replaced.
  const touched = new WeakSet();
  const atWork = (region) => region.dataset.kept || touched.has(region) || region.contains(document.activeElement) || region.matches(':hover');
  for (const region of document.querySelectorAll('[data-acts]')) {
    region.addEventListener('input', () => touched.add(region));
  }

  // The periods that the buttons act on. If they are the same, the buttons mean the same.
  const meaning = (page, region) => [page.querySelector('#state').dataset.state,
    ...Array.from(region.querySelectorAll('[data-period]'), (p) => [p.dataset.period, p.dataset.version, p.dataset.status].join())].join(' ');

  // Makes an element equal to another one. Nodes that are equal already stay, so a selection and a
  // screen reader's place stay too. Elements with a key move with their content. What the operator
  // has unfolded stays unfolded.
  const key = (node) => node.dataset?.period ?? node.dataset?.instance ?? node.dataset?.entry ?? '';
  const replace = (old, next) => {
    if (old.isEqualNode(next)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.data !== next.data) old.data = next.data;
      return;
    }
    for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && name !== 'open') old.removeAttribute(name);
    for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const keyed = new Map([...old.childNodes].filter(key).map((node) => [key(node), node]));
    let at = old.firstChild;
    for (const node of [...next.childNodes]) {
      const from = key(node) ? keyed.get(key(node)) : at && !key(at) && at.nodeName === node.nodeName ? at : null;
      if (!from) old.insertBefore(node, at);
      else {
        if (from === at) at = at.nextSibling;
        else old.insertBefore(from, at);
        replace(from, node);
      }
    }
    while (at) {
      const after = at.nextSibling;
      at.remove();
      at = after;
    }
  };

  const renew = (page) => {
    const told = (from) => ['headline', 'barrier-title'].map((id) => from.getElementById(id)?.textContent).filter(Boolean).join('. ');
    const was = told(document), is = told(page);
    for (const region of document.querySelectorAll('[data-acts]')) {
      const next = page.getElementById(region.id);
      if (!next) continue;
      if (meaning(document, region) !== meaning(page, next)) {
        if (atWork(region)) byId('stale').hidden = false;
        else region.replaceChildren(...next.childNodes);
        continue;
      }
      for (const period of region.querySelectorAll('[data-period]')) {
        const facts = next.querySelector(`[data-period="${CSS.escape(period.dataset.period)}"] .facts`);
        if (facts) replace(period.querySelector('.facts'), facts);
      }
      if (region.dataset.kept) continue;
      for (const input of region.querySelectorAll('input[name=revision]')) {
        input.value = next.querySelector('input[name=revision]')?.value ?? input.value;
      }
    }
    for (const region of document.querySelectorAll('[data-live]')) {
      const next = page.getElementById(region.id);
      if (next) replace(region, next);
    }
    if (was !== is) byId('announce').textContent = is;
    if (document.body.dataset.page === 'now' && !byId('errors')) document.title = page.title;
  };

  // The server does not answer: the page claims no more than it knew, and offers no change.
  const cutOff = () => {
    const state = byId('state'), headline = byId('headline'), known = state.dataset.state;
    if (!byId('cut-off').hidden) return;
    byId('cut-off').hidden = false;
    state.classList.replace(known, 'unknown');
    state.dataset.state = 'unknown';
    headline.textContent = known === 'up' || known === 'down' ? `The site was ${known} at ${state.dataset.at}` : `At ${state.dataset.at}: ${headline.textContent}`;
    byId('announce').textContent = headline.textContent;
    if (byId('barrier')) byId('barrier').hidden = true; // until the next answer
    for (const button of document.querySelectorAll('[data-acts] button')) button.disabled = true;
  };

  const look = async () => {
    busy = true;
    try {
      const watch = byId('barrier')?.dataset.watch; // the server says if this period was ended
      const answer = await fetch(watch ? `${follow}&watch=${encodeURIComponent(watch)}` : follow, {
        cache: 'no-store', credentials: 'same-origin', redirect: 'error', signal: AbortSignal.timeout(patience)
      });
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      if (!answer.ok || !page.getElementById('headline')) throw new Error('no page');
      seen = Date.now();
      byId('cut-off').hidden = true;
      for (const button of document.querySelectorAll('[data-acts] button')) button.disabled = false;
      renew(page);
    } catch {
      if (Date.now() - seen > 2 * pace) cutOff();
    }
    busy = false;
    arm(pace);
  };

  const arm = (wait) => {
    clearTimeout(timer);
    if (!document.hidden && !busy) timer = setTimeout(look, wait);
  };

  if (follow) {
    document.addEventListener('visibilitychange', () => arm(0));
    arm(pace);
  }

  // The language that the preview is in.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('.languages a');
    if (!link) return;
    for (const other of document.querySelectorAll('.languages a')) other.removeAttribute('aria-current');
    link.setAttribute('aria-current', 'true');
  });

  byId('errors')?.focus(); // autofocus may come after the first key

  // One press is one request.
  document.addEventListener('submit', (event) => {
    if (event.target.dataset.sent) return event.preventDefault();
    event.target.dataset.sent = 'yes';
  });
  addEventListener('pageshow', () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  // The browser's time zone is the default. The page is loaded again once the server knows it.
  const field = byId('zone-name') ?? byId('new_zone'), cookie = document.body.dataset.zoneCookie;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (cookie && zone) {
    const mine = `${cookie}=${zone}`, kept = () => document.cookie.split('; ').includes(mine);
    if (!kept()) {
      const secure = cookie.startsWith('__Host-') ? '; Secure' : '';
      document.cookie = `${mine}; Path=/; Max-Age=31536000; SameSite=Strict${secure}`;
      if (kept() && zone !== field?.value) location.reload();
    }
  }
  const fill = () => {
    const options = Intl.supportedValuesOf?.('timeZone').map((name) => new Option('', name)) ?? [];
    byId('zones').append(...options);
  };
  if (field) field.addEventListener('focus', fill, { once: true });
})();
