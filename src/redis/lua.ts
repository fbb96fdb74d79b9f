/**
 * The four scripts, format 1. Values come in as arguments alone, every key that is touched is among the keys, and the time
 * is that of Redis. `memory-scripts.ts` says the same in TypeScript; tests compare the two step by step.
 */

/** A script, with the SHA-1 of its text. */
export interface Script {
  readonly text: string;
  readonly digest: string;
}

const COMMON = `local t=redis.call('TIME')
local now=t[1]*1000+math.floor(t[2]/1000)
local B=KEYS[1]
local function read(name)
  local s,ep,un,at,k,need,exp,w=string.match(redis.call('HGET',B,name) or '','^([crohfu]) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) ?(.*)$')
  local r={s=s,ep=tonumber(ep),un=tonumber(un),at=tonumber(at),k=tonumber(k),need=tonumber(need),exp=tonumber(exp),w=w}
  local sound=s and r.exp>now and r.exp<now+2678400000 and r.ep<=now+86400000
  if sound and (s=='o' or s=='h') then sound=r.k>0 and r.need>0 end
  return sound and r or {s='c',ep=0,un=0,at=0,k=0,need=0,exp=0,w=''}
end
local function write(name,r)
  redis.call('HSET',B,name,string.format('%s %.0f %.0f %.0f %.0f %.0f %.0f %s',r.s,r.ep,r.un,r.at,r.k,r.need,r.exp,r.w))
  if redis.call('PTTL',B)<r.exp-now then redis.call('PEXPIRE',B,math.ceil(r.exp-now)) end
end
local function live(R,prefix)
  local all=redis.call('HGETALL',R) local n=0 local soon=math.huge local who={}
  for i=1,#all,2 do if string.sub(all[i],1,2)==prefix then
    local e=tonumber(all[i+1]) or 0
    if e>now then n=n+1 who[string.sub(all[i],3)]=true if e<soon then soon=e end else redis.call('HDEL',R,all[i]) end
  end end
  return n,soon,who
end
local function hold(R,ms) if redis.call('PTTL',R)<ms then redis.call('PEXPIRE',R,ms) end end
local function hint(by,name) redis.pcall('PUBLISH',string.sub(B,1,-2)..'h',by..' '..name) end
local function open(name,R,r,ms,k,need,keep,w)
  redis.call('DEL',R)
  r.s='o' r.ep=math.max(r.ep+1,now) r.un=now+ms r.at=r.at+1 r.k=k r.need=need r.exp=r.un+keep r.w=w
  write(name,r)
end
`;

/**
 * One poll: presence, votes, and the view. KEYS: records, instances, a round for each entry. ARGV: instance, presence in ms
 * (0 leaves), keep, minVotes, ratio; for each entry `+`, `-` or `0`, name, epoch, open time, probes, successes. Answers the
 * number of instances, the time, then name and record of each breaker that is not plainly closed.
 */
export const SYNC: Script = {
  text: `${COMMON}local I=KEYS[2] local id=ARGV[1] local ttl=tonumber(ARGV[2]) local keep=tonumber(ARGV[3])
if ttl>0 then redis.call('ZADD',I,now+ttl,id) hold(I,ttl) else redis.call('ZREM',I,id) end
redis.call('ZREMRANGEBYSCORE',I,'-inf',now)
local n=redis.call('ZCARD',I)
for e=1,#KEYS-2 do
  local R=KEYS[e+2] local a=6*e local op,name=ARGV[a],ARGV[a+1]
  local r=read(name)
  if op=='-' then redis.call('HDEL',R,'v:'..id)
  elseif (r.s=='c' or r.s=='r') and r.ep==tonumber(ARGV[a+2]) then
    if op=='+' then
      redis.call('HSET',R,'v:'..id,now+ttl) redis.call('HDEL',R,'a:'..id) hold(R,ttl)
      local votes,_,voters=live(R,'v:')
      local _,_,idle=live(R,'a:')
      local of=n
      for who in pairs(idle) do if not voters[who] then of=of-1 end end
      of=math.max(of,votes)
      local w=votes..' of '..of
      if votes>=math.max(math.min(tonumber(ARGV[4]),n),math.ceil(ARGV[5]*of-1e-9)) then
        open(name,R,r,tonumber(ARGV[a+3]),tonumber(ARGV[a+4]),tonumber(ARGV[a+5]),keep,w) hint(id,name)
      else r.s='c' r.exp=math.max(r.exp,now+ttl) r.w=w write(name,r) end
    elseif redis.call('EXISTS',R)==1 then redis.call('HSET',R,'a:'..id,now+ttl) end
  end
end
if redis.call('HLEN',B)>10000 then return redis.error_reply('RECLOSER more than 10000 breakers are not closed') end
local all=redis.call('HGETALL',B) local out={n,now}
for i=1,#all,2 do
  local exp=tonumber(string.match(all[i+1],'^[crohfu] %d+ %d+ %d+ %d+ %d+ (%d+) ') or 0)
  if exp<=now then redis.call('HDEL',B,all[i]) else out[#out+1]=all[i] out[#out+1]=all[i+1] end
end
return out
`,
  digest: '7714627219214aa7f7e9d4ab726f13286ea6c926',
};

/**
 * Leave for one probe. KEYS: records, round. ARGV: name, nonce, lease in ms, keep, sender. Answers granted, state, epoch, ms,
 * attempt: of a denial, ms says when to ask next.
 */
export const LEASE: Script = {
  text: `${COMMON}local R=KEYS[2] local name,nonce,len,keep=ARGV[1],ARGV[2],tonumber(ARGV[3]),tonumber(ARGV[4])
local r=read(name)
if r.s~='o' and r.s~='h' then return {0,r.s,r.ep,math.max(0,r.un-now),r.at} end
if r.s=='o' then
  if now<r.un then return {0,'o',r.ep,r.un-now,r.at} end
  redis.call('DEL',R)
  r.s='h' r.ep=math.max(r.ep+1,now) r.exp=now+len+keep write(name,r) hint(ARGV[5],name)
end
local n,soon,who=live(R,'l:')
if not who[nonce] then
  local ok=tonumber(redis.call('HGET',R,'ok') or '0') or 0
  if n>=r.k or ok+n>=r.need then return {0,'h',r.ep,math.max(1,soon-now),r.at} end
  redis.call('HSET',R,'l:'..nonce,now+len)
end
hold(R,len+keep)
r.exp=math.max(r.exp,now+len+keep) write(name,r)
return {1,'h',r.ep,len,r.at}
`,
  digest: '1709ff3f63e9d7a4be3d9a7d291b1e9329d03074',
};

/**
 * How a leased probe ended; counts once. KEYS: records, round. ARGV: name, nonce, epoch, `1` success, `0` failure or `2`
 * nothing, open time, keep, sender. Answers counted, state, epoch, ms, attempt.
 */
export const REPORT: Script = {
  text: `${COMMON}local R=KEYS[2] local name,nonce,keep=ARGV[1],ARGV[2],tonumber(ARGV[6])
local r=read(name)
local e=tonumber(redis.call('HGET',R,'l:'..nonce) or '0') or 0
if r.s~='h' or r.ep~=tonumber(ARGV[3]) or e<=now then return {0,r.s,r.ep,math.max(0,r.un-now),r.at} end
local ok=ARGV[4]=='1' and redis.call('HINCRBY',R,'ok',1) or 0
redis.call('HDEL',R,'l:'..nonce)
if ARGV[4]=='0' then
  open(name,R,r,tonumber(ARGV[5]),r.k,r.need,keep,'a probe failed') hint(ARGV[7],name)
elseif ARGV[4]=='1' and ok>=r.need then
  redis.call('DEL',R)
  write(name,{s='c',ep=math.max(r.ep+1,now),un=0,at=0,k=0,need=0,exp=now+keep,w='recovered'}) hint(ARGV[7],name)
  r=read(name)
end
return {1,r.s,r.ep,math.max(0,r.un-now),r.at}
`,
  digest: '66a711553aaea294fe9f029cee81bb9ffde41ae9',
};

/** By hand. KEYS: records, round. ARGV: name, `r`, `f` or `u`, ms, keep, sender, words. Answers state, epoch. */
export const STEER: Script = {
  text: `${COMMON}local name,ms=ARGV[1],tonumber(ARGV[3])
local r=read(name)
redis.call('DEL',KEYS[2])
r.s=ARGV[2] r.ep=math.max(r.ep+1,now) r.un=now+ms r.at=0 r.k=0 r.need=0 r.exp=now+ms r.w=ARGV[6]
if r.s=='r' then r.exp=now+tonumber(ARGV[4]) end
write(name,r) hint(ARGV[5],name)
return {r.s,r.ep}
`,
  digest: '437868050041b9f244e8ca307e270b53c0134d7a',
};
