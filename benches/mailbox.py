#!/usr/bin/env python3
"""rightsd against mbsync on one mailbox, in one run.

    benches/mailbox.py [--mails 10000] [--rounds 3] [--binary target/release/rightsd] [--sizes 1000,10000,50000]

A real Dovecot holds N synthetic mails, each of which asks for something. mbsync (isync, default fsync) merely
copies them to a Maildir. rightsd fetches, understands, decides, stores durably and answers each with one letter
to a real SMTP server (Postfix's smtp-sink). Both start with nothing, in turns; the figures that count are
ratios of wall-clock times of the same run. Peak memory is what the kernel reports (ru_maxrss);
processor time a mail, user and system together, hardly depends on what else the machine does.

Needs: dovecot-imapd, isync, postfix (for smtp-sink), openssl. Everything is on loopback, in a temporary folder.
With --sizes it shows the cost per mail at several sizes instead.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

FRENCH = [
    ("STOP", ""),
    ("désinscription", "Bonjour, merci de me retirer de votre liste de diffusion. Cordialement"),
    ("Vos offres", "Je ne souhaite plus recevoir vos publicités, arrêtez de m'écrire."),
    ("Mes données", "Bonjour, je souhaite recevoir une copie de toutes les données que vous détenez sur moi."),
    ("Suppression", "Veuillez supprimer mon compte et toutes mes données personnelles. Merci."),
    ("Rectification", "Mon adresse est fausse dans vos fichiers, merci de corriger : 12 rue des Lilas, 13100 Aix."),
    ("Opposition", "Je m'oppose au profilage de mes achats par votre société."),
]
ENGLISH = [
    ("unsubscribe", "Please take me off your mailing list."),
    ("My data", "Please send me a copy of all personal data you hold about me and tell me where you got my address."),
    ("Delete", "Please delete my account and all my personal data."),
]
FILLER = ("Je vous écris à la suite de plusieurs échanges avec vos services, dont je garde un souvenir mitigé. "
          "Il faisait beau ce jour-là et rien ne laissait penser que cette affaire durerait aussi longtemps.\r\n")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def mail(number, dice):
    subject, words = dice.choice(FRENCH + ENGLISH)
    body = words + "\r\n\r\n" + FILLER * dice.randint(2, 14)
    return (
        f"Return-Path: <person{number}@d{number % 97}.example.org>\r\n"
        f"Received: from mx.example.org by mx.example.com with ESMTPS; Mon, 23 Nov 2026 08:00:00 +0100\r\n"
        f"From: Person {number} <person{number}@d{number % 97}.example.org>\r\n"
        f"To: 2J-DPO@2jprocess.example\r\nSubject: =?utf-8?Q?{encoded(subject)}?=\r\n"
        f"Date: Mon, 23 Nov 2026 08:00:00 +0100\r\nMessage-ID: <{number}.{dice.getrandbits(64):x}@example.org>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ).encode() + body.encode()


def encoded(text):
    return "".join(c if c.isascii() and c.isalnum() else "".join(f"={b:02X}" for b in c.encode()) for c in text)


class Servers:
    def __init__(self, root):
        self.root = root
        self.imap, self.smtp = free_port(), free_port()
        self.processes = []
        # Dovecot must not run as root; every other user may.
        self.user, self.group = ("nobody", "nogroup") if os.getuid() == 0 else (str(os.getuid()), str(os.getgid()))

    def start(self):
        root = self.root
        for folder in ("run", "state", "mail"):
            (root / folder).mkdir(parents=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", root / "k.pem", "-out", root / "c.pem"], check=True, stderr=subprocess.DEVNULL)
        (root / "users").write_text("dpo:{PLAIN}secret::::::\n")
        name = (lambda what, fallback: what if os.getuid() == 0 else subprocess.getoutput(fallback))
        user, group = name("nobody", "id -un"), name("nogroup", "id -gn")
        (root / "dovecot.conf").write_text(f"""
protocols = imap
listen = 127.0.0.1
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{root}/mail/%u
ssl = yes
ssl_cert = <{root}/c.pem
ssl_key = <{root}/k.pem
auth_mechanisms = plain login
mail_max_userip_connections = 50
passdb {{
  driver = passwd-file
  args = {root}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={root}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {self.imap}
    ssl = yes
  }}
}}
""")
        command = ["dovecot", "-F", "-c", str(root / "dovecot.conf")]
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "nobody:nogroup", root], check=True)
            os.chmod(root, 0o755)
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + command
        self.processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        wait_for(self.imap)
        sink = shutil.which("smtp-sink") or "/usr/sbin/smtp-sink"
        command = [sink, "-c", f"127.0.0.1:{self.smtp}", "256"]
        if os.getuid() == 0:
            command[1:1] = ["-u", "nobody"]
        self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_for(self.smtp)

    def fill(self, count):
        folder = self.root / "mail" / "dpo"
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        dice = random.Random(7)
        total = 0
        for number in range(count):
            raw = mail(number, dice)
            total += len(raw)
            # As Dovecot names what it delivers: with other names its own table of them is slow for both.
            name = f"{1790000000 + number * 7}.M{dice.randrange(10**6)}P{4000 + number % 97}.mx1,S={len(raw)},W={len(raw)}"
            (folder / "new" / name).write_bytes(raw)
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", "nobody:nogroup", self.root / "mail"], check=True)
        # The first look at a Maildir makes Dovecot's index; neither of the two shall pay for it.
        self.mbsync("warm")
        return total

    def mbsync(self, name):
        target = self.root / f"copy-{name}"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        rc = self.root / "mbsyncrc"
        rc.write_text(f"""
IMAPAccount bench
Host localhost
Port {self.imap}
User dpo
Pass secret
SSLType IMAPS
CertificateFile {self.root}/c.pem

IMAPStore far
Account bench

MaildirStore near
Path {target}/
Inbox {target}/inbox

Channel bench
Far :far:
Near :near:
Create Near
SyncState {target}/state
""")
        seconds, memory, cpu = timed(["mbsync", "-c", str(rc), "bench"])
        copied = sum(len(list((target / "inbox" / part).iterdir())) for part in ("cur", "new"))
        shutil.rmtree(target)
        return seconds, memory, copied, cpu

    def rightsd(self, binary, name):
        folder = self.root / f"rightsd-{name}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        secret = folder / "secret"
        secret.write_text("secret")
        secret.chmod(0o600)
        config = folder / "config.toml"
        config.write_text(f"""
[controller]
name = "2J PROCESS"
group = "Groupe SFP EXPANSION"
entities = ["SFP EXPANSION"]
postal_address = ["La Direction", "13100 Aix-en-Provence"]
dpo_email = "dora@2jprocess.example"
reference_prefix = "2J"
[[mailbox]]
name = "dpo"
purpose = "rights"
address = "2J-DPO@2jprocess.example"
[mailbox.imap]
host = "localhost"
port = {self.imap}
ca_file = "{self.root}/c.pem"
username = "dpo"
password_file = "{secret}"
[smtp]
host = "127.0.0.1"
port = {self.smtp}
security = "plaintext"
connections = 8
[store]
path = "{folder}/data/rightsd.db"
free_mib_min = 16
[identity]
dkim = false
[notices]
grouping_minutes = 1440
[limits]
letters_per_hour = 1000000
letters_per_domain_hour = 1000000
""")
        command = [binary, "--config", str(config)]
        seconds, memory, cpu = timed(command + ["serve", "--once"])
        cases = subprocess.run(command + ["cases", "list", "--all", "--json"], capture_output=True, check=True).stdout
        check = subprocess.run(command + ["journal", "verify"], capture_output=True, text=True)
        if check.returncode:
            sys.exit(f"the journal does not verify: {check.stdout}")
        shutil.rmtree(folder)
        return seconds, memory, cases.count(b"\n"), cpu

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait()


def timed(command):
    """Wall-clock seconds, peak resident MiB and seconds of processor of that very process."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    if status:
        sys.exit(f"{command[0]} ended with status {status}: {error.decode(errors='replace')[-2000:]}")
    return seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--binary", default="target/release/rightsd")
    parser.add_argument("--sizes", default="")
    options = parser.parse_args()
    binary = str(pathlib.Path(options.binary).resolve())
    with tempfile.TemporaryDirectory(prefix="rightsd-bench-") as folder:
        servers = Servers(pathlib.Path(folder))
        servers.start()
        try:
            if options.sizes:
                sizes(servers, binary, [int(size) for size in options.sizes.split(",")], options.rounds)
            else:
                against(servers, binary, options)
        finally:
            servers.stop()


def against(servers, binary, options):
    total = servers.fill(options.mails)
    print(f"{options.mails} mails, {total / options.mails:.0f} bytes each; {options.rounds} rounds, in turns")
    copy, work = [], []
    for number in range(options.rounds):
        copy.append(servers.mbsync(number))
        work.append(servers.rightsd(binary, number))
        ratio = work[-1][0] / copy[-1][0]
        print(f"  mbsync {copy[-1][0]:6.2f} s   rightsd {work[-1][0]:6.2f} s   ratio {ratio:.2f}   "
              f"processor: mbsync {1e6 * copy[-1][3] / options.mails:.0f}, "
              f"rightsd {1e6 * work[-1][3] / options.mails:.0f} µs a mail", flush=True)
        if copy[-1][2] != options.mails or work[-1][2] != options.mails:
            sys.exit(f"mbsync copied {copy[-1][2]}, rightsd opened {work[-1][2]} cases: not the same work")
    ratio = statistics.median(w[0] / c[0] for c, w in zip(copy, work))
    memory = max(w[1] for w in work)
    print(f"median ratio {ratio:.2f} (floor 0.50, aim 0.25); rightsd's peak memory {memory:.0f} MiB (bound 64)")
    sys.exit(0 if ratio <= 0.5 and memory <= 64 else 1)


def sizes(servers, binary, counts, rounds):
    first = None
    for count in counts:
        servers.fill(count)
        runs = [servers.rightsd(binary, f"{count}-{number}") for number in range(rounds)]
        seconds = statistics.median(run[0] for run in runs)
        first = first or seconds / count
        print(f"{count:7} mails  {seconds:7.2f} s  {1e6 * seconds / count:7.0f} µs a mail "
              f"({seconds / count / first:.2f} × the first)  "
              f"{1e6 * statistics.median(run[3] for run in runs) / count:5.0f} µs of processor  "
              f"{max(run[1] for run in runs):4.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
