// What day it is, on a phone whose clock may be wrong. The server tells its time whenever it answers; from
// then on the difference is known. Times are milliseconds, days are China's.
const CHINA = 8 * 3600_000;
const MINUTE = 60_000;
const DAY = 24 * 3600_000;
const SLIGHT = 5 * MINUTE; // a difference that nobody needs to hear of

export const day = (at) => new Date(at + CHINA).toISOString().slice(0, 10);

// What is known of the time after the server said that it is `server` while this phone said `device`.
export const told = (server, device) => ({ ahead: device - server, last: device });

// The right time as far as it is known.
export const right = (device, known) => device - (known?.ahead ?? 0);

// What to remember now and then: how late it was at last.
export const seen = (device, known) => ({ ...known, last: Math.max(device, known?.last ?? 0) });

// What to say of this phone's clock; "" when it is right. `known.last` is from before: a clock that stands
// earlier now was put back, and nobody knows how far.
export function doubt(device, known) {
  if (known?.last && device < known.last - SLIGHT)
    return "本机的时间被调到了过去，请核对排查时间这一栏。联网后会自动校正。";
  const ahead = known?.ahead ?? 0;
  if (Math.abs(ahead) < SLIGHT) return "";
  return `本机时间比标准时间${ahead > 0 ? "快" : "慢"} ${apart(Math.abs(ahead))}，已按标准时间填写。`;
}

function apart(span) {
  if (span >= DAY) return `${Math.round(span / DAY)} 天`;
  if (span >= 60 * MINUTE) return `${Math.round(span / (60 * MINUTE))} 小时`;
  return `${Math.round(span / MINUTE)} 分钟`;
}
