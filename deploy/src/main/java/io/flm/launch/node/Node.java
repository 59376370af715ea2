package io.flm.launch.node;

import ai.djl.Device;
import com.typesafe.config.Config;
import io.flm.coordinator.http.HttpSettings;
import io.flm.coordinator.http.KeptRuns;
import io.flm.coordinator.http.NodeRecords;
import io.flm.coordinator.http.Submission;
import io.flm.data.UserException;
import io.flm.exchange.ExchangeException;
import io.flm.exchange.ExchangeNode;
import io.flm.launch.config.DataRoots;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.console.Failure;
import io.flm.launch.console.RecentLog;
import io.flm.launch.node.DeadMembers.Verdict;
import io.flm.launch.run.NodeFiles;
import io.flm.launch.run.PastFolders;
import io.flm.launch.run.RunFolders;
import io.flm.worker.torch.TorchRoute;
import io.flm.worker.torch.WorkerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node: a JVM with a worker for each device that joins a cluster and works for the coordinator there. If it loses its
 * cluster it joins again: see {@link #rejoin}.
 */
public final class Node implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    private static final int MOST_FAILURES = 10;
    private static final long RETRY_MS = 2000;

    /**
     * What a node needs to know.
     *
     * @param config the effective configuration of this node, with Akka's part
     * @param folder where runs are kept, by their names
     * @param base where the node leaves its address
     * @param beside the folder that holds runs, this node's and others
     * @param home this program's folder
     * @param most workers at most; 0: as many as fit
     * @param alone whether it is the run's one process, which no other joins, unless the configuration names others
     * @param notes sentences for the user
     */
    public record Setup(
            Config config,
            NodeRuns.Folder folder,
            Path base,
            Path beside,
            Path home,
            int most,
            boolean alone,
            LongSupplier nanoTime,
            Consumer<String> notes) {}

    private final Setup setup;
    private final String name;
    private final NodeRuns runs;
    private final ExchangeNode exchange;
    private final NodeMetrics metrics;
    private final KeptRuns kept;
    private final List<WorkerSlot> slots = new ArrayList<>();
    private final Submission.Planner planner;
    private final Set<NodeSettings.Address> known = new LinkedHashSet<>();
    private final CompletableFuture<NodeFiles.Entry> ready = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final Thread thread;
    private NodeSettings settings; // of the thread, like http and known
    private HttpSettings http;
    private int failures;
    private volatile boolean published;
    private volatile @Nullable ClusterSession session;
    private volatile boolean closed;

    /** Starts the node; it joins on a thread of its own. */
    public Node(Setup setup) {
        this.setup = setup;
        settings = NodeSettings.from(setup.config());
        http = HttpSettings.from(setup.config());
        if (!settings.keyStore().isEmpty()) {
            ClusterKey.check(settings.keyStore());
        }
        name = settings.name().isEmpty() ? defaultName() : settings.name();
        DataRoots roots = DataRoots.of(setup.config(), setup.home());
        planner = new RunPlanner(setup.home(), !settings.keyStore().isEmpty(), roots);
        WorkerSettings worker = WorkerSettings.from(setup.config());
        List<Device> devices = worker.found();
        int count = setup.most() > 0 ? Math.min(setup.most(), worker.count(devices, 1)) : worker.count(devices, 1);
        runs = new NodeRuns(setup.folder(), setup.home(), roots, devices.get(0).isGpu() ? 0 : count, setup.nanoTime());
        exchange = exchange();
        kept = new RunFolders(setup.beside());
        metrics = new NodeMetrics(
                exchange::counters,
                runs::dataStages,
                devices,
                device -> TorchRoute.inForce().cudaMemory(device));
        for (int i = 0; i < count; i++) {
            slots.add(new WorkerSlot(i + 1, name, devices.get(i % devices.size()), runs, exchange, metrics));
        }
        thread = new Thread(this::run, "node");
        thread.start();
    }

    /** Other nodes reach it where they reach this node; alone it needs no transport. */
    private ExchangeNode exchange() {
        if (setup.alone() && settings.join().isEmpty()) {
            return ExchangeNode.inMemory();
        }
        try {
            return ExchangeNode.open(NodeSettings.exchange(setup.config()));
        } catch (ExchangeException e) {
            throw new UserException("node " + name + ": " + e.getMessage(), e);
        }
    }

    private static String defaultName() {
        String host;
        try {
            host = InetAddress.getLocalHost().getHostName().replaceAll("\\..*|[^A-Za-z0-9-]", "");
        } catch (IOException e) {
            host = "";
        }
        return (host.isEmpty() ? "node" : host) + "-" + ProcessHandle.current().pid();
    }

    /** The workers of this node, such as {@code gpu-17-w1 cuda:0}. */
    public List<String> workers() {
        return slots.stream()
                .map(slot -> slot.name() + " " + slot.identity().device())
                .toList();
    }

    /** Waits until the node is a member for the first time, and says how it is reached. */
    public NodeFiles.Entry awaitReady() throws InterruptedException {
        return get(ready);
    }

    /** Waits until the node was stopped, or refused. */
    public void awaitEnd() throws InterruptedException {
        get(ended);
    }

    private static <T> T get(CompletableFuture<T> future) throws InterruptedException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new CompletionException(e.getCause());
        }
    }

    private void run() {
        try {
            while (!closed) {
                runSession();
            }
            ended.complete(null);
            ready.completeExceptionally(new UserException("the node was stopped before it joined"));
        } catch (Throwable e) { // told by whoever waits
            ready.completeExceptionally(e);
            ended.completeExceptionally(e);
        }
    }

    private void runSession() throws InterruptedException {
        boolean first = !ready.isDone();
        if (first) {
            greet();
        }
        ClusterSession now;
        try {
            now = new ClusterSession(
                    settings,
                    setup.config(),
                    http,
                    slots,
                    planner,
                    metrics.registry(),
                    kept,
                    records(),
                    new PastFolders(setup.folder()::of));
            failures = 0;
        } catch (UserException e) {
            failures++;
            if (first || failures > MOST_FAILURES) {
                throw e;
            }
            LOG.info("cannot begin again yet", e); // the system may not have given the ports back
            Thread.sleep(RETRY_MS);
            return;
        }
        try {
            session = now;
            settings = settings.withPort(now.address().port());
            http = http.withPort(now.httpPort());
            if (closed) {
                return;
            }
            if (first) {
                join(now);
            } else {
                rejoin(now);
            }
            if (now.awaitUp()) {
                publish(now);
                now.awaitEnd();
                if (!closed) {
                    setup.notes().accept("node " + name + ": its cluster was lost or removed it; joining again");
                }
            } else if (!closed) {
                String refusal = now.refusal();
                if (refusal != null) {
                    throw new UserException("node " + name + " cannot join " + joined() + ": " + refusal);
                }
                setup.notes()
                        .accept("node " + name + ": no cluster answers at " + joined()
                                + (settings.keyStore().isEmpty() ? " (or it wants a key: flm.node.key-store)" : "")
                                + "; trying again");
            }
        } finally {
            session = null;
            known.addAll(now.seen());
            now.end();
            runs.close();
        }
    }

    private NodeRecords records() {
        return new NodeRecords() {
            @Override
            public BadSamples badSamples() {
                return runs.badSamples();
            }

            @Override
            public List<LogLine> log() {
                return RecentLog.lines();
            }
        };
    }

    private String joined() {
        Set<NodeSettings.Address> all = new LinkedHashSet<>(settings.join());
        all.addAll(known);
        return String.join(", ", all.stream().map(Object::toString).toList());
    }

    /** A wrong secret is named here; Akka would only go on trying. */
    private void greet() {
        if (!settings.keyStore().isEmpty()) {
            settings.join().stream()
                    .filter(address -> !isSelf(address))
                    .forEach(address -> ClusterKey.greet(address, settings.keyStore()));
        }
    }

    private boolean isSelf(NodeSettings.Address address) {
        return address.host().equals(settings.host()) && address.port() == settings.port();
    }

    private void join(ClusterSession now) {
        if (settings.join().isEmpty()) {
            now.joinNobody();
        } else {
            now.join(settings.join());
        }
    }

    /**
     * Whom to join after the cluster was lost. A node begins a cluster of its own only where all others are known to be dead, or
     * wait as it does, and it is the first of them: while one of them is merely silent, it may be in the part of the old cluster
     * that goes on.
     */
    private void rejoin(ClusterSession now) {
        Map<String, NodeSettings.Address> waiting = new TreeMap<>();
        boolean silent = false;
        known.addAll(settings.join());
        for (NodeSettings.Address address : known) {
            if (isSelf(address)) {
                continue;
            }
            Verdict verdict = DeadMembers.probe(address);
            LOG.info("before joining again: {} is {}", address, verdict);
            silent |= verdict == Verdict.UNKNOWN;
            if (verdict != Verdict.DEAD) {
                waiting.put(address.toString(), address);
            }
        }
        if (!silent) {
            NodeSettings.Address self = now.address();
            waiting.put(self.toString(), self);
        }
        if (silent || waiting.size() > 1) {
            now.join(List.copyOf(waiting.values()));
        } else {
            now.joinNobody();
        }
    }

    private void publish(ClusterSession now) {
        NodeFiles.Entry entry = new NodeFiles.Entry(
                name,
                (http.tls().isPresent() ? "https://" : "") + http.host() + ":" + now.httpPort(),
                now.address().toString(),
                ProcessHandle.current().pid(),
                http.tls()
                        .map(tls -> tls.certificate().toAbsolutePath().toString())
                        .orElse(""));
        NodeFiles.write(setup.base(), entry, http.token());
        published = true;
        if (ready.complete(entry)) {
            LOG.info("node {}: control messages at {}, HTTP at {}", name, entry.akka(), entry.http());
        } else {
            setup.notes().accept("node " + name + " is in a cluster again");
        }
    }

    /** Removes another node from the cluster, as if it had been found dead. */
    void remove(NodeSettings.Address other) {
        ClusterSession now = session;
        if (now != null) {
            now.remove(other);
        }
    }

    /** Leaves the cluster; returns at once. */
    public void stop() {
        closed = true;
        ClusterSession now = session;
        if (now != null) {
            now.leave();
        }
    }

    /** Ends the process without a word to the others, who are ending too; leaves no files behind. */
    public void halt() {
        closed = true;
        exchange.close();
        if (published) {
            NodeFiles.remove(setup.base(), name);
        }
        Runtime.getRuntime().halt(Failure.OK);
    }

    @Override
    public void close() {
        stop();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        exchange.close();
        if (published) {
            NodeFiles.remove(setup.base(), name);
        }
    }
}
