package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.flm.architecture.Repository;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code deploy/cluster} with three hosts: three real sshd on this machine, each with a home of its own. It installs the program
 * on each, starts nodes, trains over them, loses one, and takes all down.
 */
@Timeout(900)
@EnabledOnOs(OS.LINUX)
@EnabledIfSystemProperty(
        named = "flm.test.cluster",
        matches = "true",
        disabledReason = "takes minutes: -Dflm.test.cluster=true")
class ClusterScriptTest {
    private static final int HOSTS = 3;
    private static final int STEPS = 150;
    private static final Path SSHD = Path.of("/usr/sbin/sshd");
    private static final Path ROOT = Repository.root();

    @TempDir
    private Path folder = Path.of("");

    private final List<Process> daemons = new ArrayList<>();
    private final List<Integer> httpPorts = new ArrayList<>();

    private record Ended(int exitCode, String out, String err) {}

    private Ended run(List<String> command) throws Exception {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path err = Files.createTempFile(folder, "err", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().put("FLM_SSH_OPTIONS", "-F " + folder.resolve("ssh_config"));
        Process process = builder.start();
        process.getOutputStream().close();
        if (!process.waitFor(600, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(command + " did not end: " + Files.readString(err));
        }
        return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private Ended cluster(String command, String... more) throws Exception {
        List<String> all = new ArrayList<>(List.of(
                ROOT.resolve("deploy/cluster").toString(),
                command,
                folder.resolve("hosts").toString()));
        all.addAll(Arrays.asList(more));
        return run(all);
    }

    @BeforeEach
    void threeHosts() throws Exception {
        assumeTrue(Files.isExecutable(SSHD), "no sshd here (Debian: apt-get install openssh-server)");
        boolean root = System.getProperty("user.name").equals("root");
        if (root) {
            Files.createDirectories(Path.of("/run/sshd")); // where Debian's sshd drops its privileges
        }
        keygen("user");
        keygen("host");
        List<Integer> ports = freePorts(3 * HOSTS);
        List<String> hosts = new ArrayList<>();
        for (int host = 0; host < HOSTS; host++) {
            Path home = Files.createDirectories(folder.resolve("home-" + host));
            Path config =
                    Files.writeString(folder.resolve("sshd-" + host), """
                    Port %d
                    ListenAddress 127.0.0.1
                    HostKey %2$s/host
                    PidFile none
                    AuthorizedKeysFile %2$s/user.pub
                    StrictModes no
                    UsePAM no
                    PasswordAuthentication no
                    SetEnv HOME=%3$s
                    """.formatted(ports.get(host), folder, home));
            daemons.add(new ProcessBuilder(SSHD.toString(), "-D", "-e", "-f", config.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("sshd-" + host + ".log").toFile())
                    .start());
            httpPorts.add(ports.get(2 * HOSTS + host));
            hosts.add("host-%d host=127.0.0.1 port=%d node-port=%d http-port=%d devices=cpu workers=1 dir=%s/flm"
                    .formatted(host, ports.get(host), ports.get(HOSTS + host), httpPorts.get(host), home));
        }
        Files.write(folder.resolve("hosts"), hosts);
        Files.writeString(folder.resolve("ssh_config"), """
                StrictHostKeyChecking no
                UserKnownHostsFile %1$s/known
                LogLevel ERROR
                IdentityFile %1$s/user
                IdentitiesOnly yes
                """.formatted(folder));
        for (int host = 0; host < HOSTS; host++) {
            awaitSshd(host);
        }
    }

    private void awaitSshd(int host) throws Exception {
        String port = Files.readAllLines(folder.resolve("sshd-" + host)).get(0).substring("Port ".length());
        Ended last = new Ended(1, "", "");
        for (int tries = 0; tries < 100 && last.exitCode() != 0; tries++) {
            assertThat(daemons.get(host).waitFor(100, TimeUnit.MILLISECONDS))
                    .as("sshd: %s", Files.readString(folder.resolve("sshd-" + host + ".log")))
                    .isFalse();
            last = run(List.of("ssh", "-F", folder.resolve("ssh_config").toString(), "-p", port, "127.0.0.1", "true"));
        }
        assertThat(last.exitCode()).as(last.err()).isZero();
    }

    private void keygen(String name) throws Exception {
        Ended ended = run(List.of(
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                folder.resolve(name).toString()));
        assertThat(ended.exitCode()).as(ended.err()).isZero();
    }

    private static List<Integer> freePorts(int count) throws IOException {
        Set<Integer> ports = new LinkedHashSet<>();
        while (ports.size() < count) {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                ports.add(socket.getLocalPort());
            }
        }
        return List.copyOf(ports);
    }

    @AfterEach
    void takeDown() throws Exception {
        if (!daemons.isEmpty()) {
            cluster("down");
        }
        for (Process daemon : daemons) {
            daemon.destroy();
            daemon.waitFor();
        }
    }

    private long pid(int host) throws IOException {
        return Long.parseLong(Files.readString(folder.resolve("home-" + host + "/flm/node.pid"))
                .strip());
    }

    /** The default job, short, with as many lanes as three hosts want. */
    private LocalRun emoji(String run, String... more) throws IOException {
        List<String> all = new ArrayList<>(List.of("--set", "flm.train.lanes=4", "--set", "flm.train.micro-batch=8"));
        all.addAll(Arrays.asList(more));
        return LocalRun.start(folder.resolve(run), List.of(), "emoji", STEPS, all.toArray(String[]::new));
    }

    @Test
    void bringsThreeHostsUpTrainsOverThemLosesOneAndTakesAllDown() throws Exception {
        Ended up = cluster("up");
        assertThat(up.exitCode()).as(up.err()).isZero();
        for (int host = 0; host < HOSTS; host++) {
            assertThat(up.out()).contains("host-" + host + ": installed", "host-" + host + ": joined");
        }

        Ended again = cluster("up");
        assertThat(again.exitCode()).as(again.err()).isZero();
        assertThat(again.out()).doesNotContain("installed").contains("host-1: runs already");

        Ended status = cluster("status");
        assertThat(status.exitCode()).as(status.err()).isZero();
        assertThat(status.out()).contains("host-2: runs", "host-0-w1", "host-1-w1", "host-2-w1");

        LocalRun run = emoji(
                "over-ssh",
                "--cluster",
                "https://127.0.0.1:" + httpPorts.get(0) + ",https://127.0.0.1:" + httpPorts.get(1),
                "--token-file",
                folder.resolve("hosts.secrets/token").toString(),
                "--ca-file",
                folder.resolve("hosts.secrets/http.pem").toString());
        run.await("the first steps", () -> run.shownSteps() > 0);
        ProcessHandle third = ProcessHandle.of(pid(2)).orElseThrow();
        third.destroyForcibly();
        third.onExit().get(30, TimeUnit.SECONDS);
        JsonNode result = run.result();
        assertThat(result.get("steps").asInt()).isEqualTo(STEPS);
        assertThat(result.get("weightsSha256"))
                .as("those of one undisturbed process")
                .isEqualTo(emoji("alone").result().get("weightsSha256"));

        Ended lost = cluster("status");
        assertThat(lost.out()).contains("host-2: does not run", "host-0: runs", "finished");
        Ended logs = cluster("logs", "5");
        assertThat(logs.out()).contains("host-1: ");

        Ended down = cluster("down");
        assertThat(down.exitCode()).as(down.err()).isZero();
        assertThat(down.out()).contains("host-0: stopped process", "host-2: did not run");
        assertThat(cluster("status").exitCode()).as("no node is left").isEqualTo(1);
        assertThat(cluster("down").exitCode()).as("can be repeated").isZero();
    }

    @Test
    void aHostThatFailsIsNamedWithTheReason() throws Exception {
        Files.writeString(
                folder.resolve("hosts"),
                Files.readString(folder.resolve("hosts")) + "gone host=127.0.0.1 port="
                        + freePorts(1).get(0) + "\n");
        Ended down = cluster("down");
        assertThat(down.exitCode()).isEqualTo(1);
        assertThat(down.err()).contains("cluster: gone: failed: ssh: connect to host 127.0.0.1", "1 of 4 hosts failed");
        Files.writeString(folder.resolve("hosts"), "a port=x\n");
        assertThat(cluster("up").err()).contains("hosts:1: port=x: give a port number");
        Files.writeString(folder.resolve("hosts"), "a nonsense=1\n");
        assertThat(cluster("up").err()).contains("hosts:1: nonsense: no such key");
        Files.writeString(folder.resolve("hosts"), "# nobody\n");
        assertThat(cluster("up").err()).contains("names no host");
    }
}
