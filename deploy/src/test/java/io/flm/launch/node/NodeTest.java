package io.flm.launch.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.data.UserException;
import io.flm.launch.command.TestEnvironment;
import io.flm.launch.config.Configuration;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.run.NodeAddress;
import io.flm.launch.run.NodeFiles;
import io.flm.launch.submit.ControlClient;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that join, are refused, and come back; all in this process, with no run. */
@Timeout(180)
class NodeTest {
    private static final long BOUND_NS = 90_000_000_000L;

    @TempDir
    private Path folder = Path.of("");

    private final List<Node> nodes = new ArrayList<>();
    private final List<String> notes = new CopyOnWriteArrayList<>();

    @AfterEach
    void end() {
        nodes.forEach(Node::stop);
        nodes.forEach(Node::close);
    }

    private Node node(String name, String... assignments) {
        Configuration.Builder layers = Configuration.builder()
                .set("flm.node.name=" + name, folder)
                .set("flm.worker.devices=cpu", folder)
                .set("flm.worker.workers=1", folder);
        for (String assignment : assignments) {
            layers.set(assignment, folder);
        }
        Node node = new Node(new Node.Setup(
                layers.build().config(),
                folder::resolve,
                folder,
                folder,
                TestEnvironment.ROOT,
                0,
                false,
                System::nanoTime,
                notes::add));
        nodes.add(node);
        return node;
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** A node that begins a cluster, with its address. */
    private String begin(String name, String... assignments) throws Exception {
        return begin(name, freePort(), assignments);
    }

    private String begin(String name, int port, String... assignments) throws Exception {
        List<String> all = new ArrayList<>(List.of(assignments));
        all.add("flm.node.port=" + port);
        all.add("flm.node.join=127.0.0.1:" + port);
        return node(name, all.toArray(String[]::new)).awaitReady().akka();
    }

    private static void await(Node node, Predicate<List<String>> workers) throws Exception {
        ControlClient client =
                new ControlClient(() -> List.of(new NodeAddress(ready(node).http(), "")));
        List<String> seen = List.of();
        for (long end = System.nanoTime() + BOUND_NS; System.nanoTime() < end; Thread.sleep(100)) {
            try {
                seen = client.get("/run", RunView.class).workers().stream()
                        .map(WorkerView::name)
                        .toList();
                if (workers.test(seen)) {
                    return;
                }
            } catch (ControlClient.Unavailable e) {
                // the coordinator is moving
            }
        }
        throw new AssertionError("workers at the end: " + seen);
    }

    private static NodeFiles.Entry ready(Node node) {
        try {
            return node.awaitReady();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aNodeSaysHowItIsReachedUntilItEnds() throws Exception {
        Node alone = node("alone");
        NodeFiles.Entry entry = alone.awaitReady();
        assertThat(NodeFiles.read(folder)).containsExactly(entry);
        await(alone, List.of("alone-w1")::equals);
        alone.close();
        assertThat(NodeFiles.read(folder)).isEmpty();
        assertThatCode(alone::awaitEnd).doesNotThrowAnyException();
    }

    @Test
    void aNodeThatTheOthersRemovedComesBackByItself() throws Exception {
        String first = begin("a");
        Node a = nodes.get(0);
        Node b = node("b", "flm.node.join=" + first);
        NodeFiles.Entry before = b.awaitReady();
        await(a, List.of("a-w1", "b-w1")::equals);
        a.remove(NodeSettings.Address.parse(before.akka()));
        for (long end = System.nanoTime() + BOUND_NS;
                System.nanoTime() < end && notes.stream().noneMatch(note -> note.contains("in a cluster again")); ) {
            Thread.sleep(50);
        }
        assertThat(notes)
                .anyMatch(note -> note.contains("node b: its cluster was lost or removed it"))
                .anyMatch(note -> note.contains("node b is in a cluster again"));
        await(a, List.of("a-w1", "b-w1")::equals);
        assertThat(NodeFiles.read(folder)).as("at the same addresses").contains(before);
    }

    @Test
    void aNodeOfAnotherClusterIsRefusedByName() throws Exception {
        String first = begin("a");
        Node stranger = node("b", "flm.node.join=" + first, "flm.node.cluster=other");
        assertThatThrownBy(stranger::awaitReady)
                .isInstanceOf(UserException.class)
                .hasMessageContaining("node b cannot join " + first)
                .hasMessageContaining("named flm, not other");
    }

    @Test
    void aNodeWithAnotherSecretIsRefusedByName() throws Exception {
        String first = begin("a", "flm.node.key-store=" + key("right"));
        Node friend = node("b", "flm.node.join=" + first, "flm.node.key-store=" + folder.resolve("right"));
        friend.awaitReady();
        Node stranger = node("c", "flm.node.join=" + first, "flm.node.key-store=" + key("wrong"));
        assertThatThrownBy(stranger::awaitReady)
                .isInstanceOf(UserException.class)
                .hasMessageContaining(first)
                .hasMessageContaining("another secret");
    }

    private Path key(String name) throws Exception {
        Path file = folder.resolve(name);
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "flm",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=flm",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        ClusterKey.PASSWORD,
                        "-keystore",
                        file.toString())
                .inheritIO()
                .start();
        assertThat(keytool.waitFor()).isZero();
        return file;
    }

    @Test
    void aNodeWhoseHttpPortIsTakenGivesBackItsOtherPort() throws Exception {
        int port = freePort();
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Node node = node("a", "flm.node.port=" + port, "flm.http.port=" + taken.getLocalPort());
            assertThatThrownBy(node::awaitReady)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("HTTP cannot be served on 127.0.0.1:" + taken.getLocalPort());
        }
        begin("b", port);
    }

    @Test
    void aFileThatIsNoKeyAndAPortInUseAreSaidInOneLine() throws Exception {
        assertThatThrownBy(() -> node("a", "flm.node.key-store=" + TestEnvironment.ROOT.resolve("pom.xml")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no key of a cluster")
                .hasMessageContaining("keytool -genkeypair");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Node node = node("b", "flm.node.port=" + taken.getLocalPort());
            assertThatThrownBy(node::awaitReady)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort() + " cannot be had")
                    .hasMessageContaining("flm.node.port");
        }
    }
}
