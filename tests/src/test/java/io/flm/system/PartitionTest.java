package io.flm.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three nodes, each in a network namespace of its own, on a switch in a fourth one, where the run is submitted. Cables are
 * pulled and put in again: the part with more nodes trains on, the other one comes back, and the weights do not show it.
 */
@Timeout(900)
@EnabledOnOs(OS.LINUX)
@EnabledIfSystemProperty(
        named = "flm.test.cluster",
        matches = "true",
        disabledReason = "takes minutes, and root: -Dflm.test.cluster=true")
class PartitionTest {
    private static final int NODES = 3;
    private static final String SWITCH = "flm-switch";

    @TempDir
    private Path folder = Path.of("");

    private final List<FlmProcess> started = new ArrayList<>();

    private static String space(int node) {
        return "flm-node-" + node;
    }

    private static String address(int node) {
        return "10.213.7." + node;
    }

    private static List<String> inside(String space) {
        return List.of("ip", "netns", "exec", space);
    }

    private static int run(String command) throws Exception {
        return new ProcessBuilder(command.split(" ", -1))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.to(new File("/dev/null")))
                .start()
                .waitFor();
    }

    private static void require(String command) throws Exception {
        assertThat(run(command)).as(command).isZero();
    }

    @BeforeEach
    void network() throws Exception {
        assumeTrue(run("ip netns add " + SWITCH) == 0, "no network namespaces here: they need root and iproute2");
        require("ip -n " + SWITCH + " link add bridge type bridge");
        require("ip -n " + SWITCH + " addr add " + address(254) + "/24 dev bridge");
        require("ip -n " + SWITCH + " link set bridge up");
        require("ip -n " + SWITCH + " link set lo up");
        for (int node = 1; node <= NODES; node++) {
            require("ip netns add " + space(node));
            require("ip link add port-" + node + " netns " + SWITCH + " type veth peer name cable netns "
                    + space(node));
            require("ip -n " + SWITCH + " link set port-" + node + " master bridge up");
            require("ip -n " + space(node) + " addr add " + address(node) + "/24 dev cable");
            require("ip -n " + space(node) + " link set cable up");
            require("ip -n " + space(node) + " link set lo up");
        }
    }

    @AfterEach
    void takeDown() throws Exception {
        for (FlmProcess process : started) {
            process.kill();
        }
        for (int node = 1; node <= NODES; node++) {
            run("ip netns del " + space(node));
        }
        run("ip netns del " + SWITCH);
    }

    private static void cable(int node, String state) throws Exception {
        require("ip -n " + SWITCH + " link set port-" + node + " " + state);
    }

    private void startNode(int node) throws IOException {
        String seeds = address(1) + ":7001," + address(2) + ":7001," + address(3) + ":7001";
        started.add(FlmProcess.start(
                folder.resolve("out"),
                inside(space(node)),
                "node",
                "--join",
                seeds,
                "--host",
                address(node),
                "--port",
                "7001",
                "--name",
                "node-" + node,
                "--workers",
                "1",
                "--key-store",
                folder.resolve("key.p12").toString(),
                "--set",
                "flm.http.host=" + address(node),
                "--set",
                "flm.http.port=8001",
                "--set",
                "flm.http.token-file=" + folder.resolve("token"),
                "--runs",
                folder.resolve("runs-" + node).toString()));
    }

    private String[] onCluster() {
        return new String[] {
            "--cluster",
            address(1) + ":8001," + address(2) + ":8001," + address(3) + ":8001",
            "--token-file",
            folder.resolve("token").toString(),
            "--set",
            "flm.train.lanes=8",
            "--set",
            "flm.train.micro-batch=2"
        };
    }

    private FlmProcess ask(int node, String command) throws Exception {
        return FlmProcess.start(
                folder.resolve("out"),
                inside(SWITCH),
                command,
                "--json",
                "--node",
                address(node) + ":8001",
                "--token-file",
                folder.resolve("token").toString());
    }

    /** As a node says; -1: it has no coordinator at present. */
    private long members(int node) throws Exception {
        for (FlmProcess process : started) {
            assertThat(process.endsWithin(0)).as(process.errors()).isFalse();
        }
        FlmProcess status = ask(node, "status");
        return status.exitCode() != 0 ? -1 : LocalRun.members(status.result().path("workers"));
    }

    /** Waits for it, or fails with what all processes have said. */
    private void await(LocalRun run, String what, LocalRun.Condition condition) throws Exception {
        try {
            run.await(what, condition);
        } catch (AssertionError e) {
            for (FlmProcess process : started) {
                e.addSuppressed(new AssertionError(process.errors()));
            }
            throw e;
        }
    }

    @Test
    void thePartWithMoreNodesTrainsOnAndTheOtherOneComesBack() throws Exception {
        Files.writeString(folder.resolve("token"), "correct-horse-battery\n");
        require("keytool -genkeypair -alias flm -keyalg EC -dname CN=flm -validity 10 -storetype PKCS12 -storepass"
                + " flm-cluster -keystore " + folder.resolve("key.p12"));
        for (int node = 1; node <= NODES; node++) {
            startNode(node);
        }
        for (FlmProcess node : started) {
            while (!node.errors().contains("others join at")) {
                assertThat(node.endsWithin(100)).as(node.errors()).isFalse();
            }
        }
        LocalRun run = LocalRun.start(folder.resolve("cut"), inside(SWITCH), "tiny", 1_000_000, onCluster());
        started.add(run.driver());
        await(run, "three members", () -> run.shownSteps() > 0 && members(2) == NODES);

        for (int cut : new int[] {3, 1}) { // a worker's node, then the coordinator's
            int other = 2;
            cable(cut, "down");
            await(run, "two members", () -> members(other) == NODES - 1);
            long before = run.shownSteps();
            await(run, "steps without node " + cut, () -> run.shownSteps() > before);
            cable(cut, "up");
            await(run, "node " + cut + " again", () -> members(other) == NODES);
            long after = run.shownSteps();
            await(run, "steps with it", () -> run.shownSteps() > after);
        }
        assertThat(ask(2, "stop").exitCode()).isZero();
        JsonNode cut = run.result();
        LocalRun alone = LocalRun.start(
                folder.resolve("alone"),
                cut.get("steps").asInt(),
                "--set",
                "flm.train.lanes=8",
                "--set",
                "flm.train.micro-batch=2");
        started.add(alone.driver());
        assertThat(cut.get("weightsSha256")).isEqualTo(alone.result().get("weightsSha256"));
    }
}
