package io.flm.launch.submit;

import ai.djl.Device;
import com.typesafe.config.Config;
import io.flm.coordinator.http.HttpSettings;
import io.flm.data.UserException;
import io.flm.launch.config.NodeSettings;
import io.flm.launch.config.StdinConfiguration;
import io.flm.launch.console.Program;
import io.flm.launch.console.SelfProcess;
import io.flm.launch.run.MemoryNeed;
import io.flm.launch.run.NodeAddress;
import io.flm.launch.run.NodeFiles;
import io.flm.worker.torch.Torch;
import io.flm.worker.torch.TorchRoute;
import io.flm.worker.torch.WorkerSettings;
import io.flm.worker.train.TrainSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Nodes in processes of their own, each {@code flm node --join HOST:PORT --run DIR}. Their standard input brings them their
 * configuration, which a file in the run's folder would not: others may be able to write there. They end with this process,
 * however it ends: it ends them, or they see that their standard input was closed. One that ends by itself is started again, by
 * its name.
 */
final class ChildProcesses implements Nodes {
    private static final Logger LOG = LoggerFactory.getLogger(ChildProcesses.class);
    private static final Duration PAUSE = Duration.ofSeconds(2);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
    private static final Duration LAST_WORDS_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration LEAVE_TIMEOUT = Duration.ofSeconds(10);
    /** A child that ends sooner, again and again, is started again after ever longer pauses. */
    private static final Duration SHORT_LIFE = Duration.ofSeconds(30);
    /** Where all children ended so soon so often, another start is of no use. */
    private static final int MOST_SHORT_LIVES = 3;
    /** A process that was killed by signal N is said to end with 128 + N. */
    private static final int MOST_EXIT_CODE = 128;

    /** One of the places for a child; the child that has it changes. */
    private static final class Place {
        private final int index;
        private final String name;
        private final String devices;
        private @Nullable Process process;
        private @Nullable Thread output;
        private volatile String lastLine = "";
        private long startedAt;
        private long endedAt;
        private int shortLives;
        private String http = ""; // where it answers, kept by the next that has this place

        private Place(int index, String devices) {
            this.index = index;
            this.name = "node-" + index;
            this.devices = devices;
        }

        private Duration pause() {
            Duration doubled = PAUSE.multipliedBy(1L << Math.min(10, Math.max(0, shortLives - 1)));
            return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
        }
    }

    private final RunRequest request;
    private final LongSupplier nanoTime;
    private final Consumer<String> notes;
    private final Path run;
    private final int workersEach;
    private final HttpSettings http;
    private final NodeSettings.Address first;
    private final List<Place> places = new ArrayList<>();
    private final Thread hook = new Thread(this::end, "end-of-nodes");
    private boolean closed;

    /** Starts them; they join each other by themselves. */
    ChildProcesses(RunRequest request, int count, LongSupplier nanoTime, Consumer<String> notes) {
        this.request = request;
        this.nanoTime = nanoTime;
        this.notes = notes;
        this.run = request.run();
        WorkerSettings worker = WorkerSettings.from(request.config());
        List<List<Device>> devices = assignDevices(worker.found(), count);
        workersEach = worker.count(devices.get(0), count);
        http = HttpSettings.from(request.config());
        first = new NodeSettings.Address("127.0.0.1", freePort());
        Runtime.getRuntime().addShutdownHook(hook);
        for (int i = 0; i < count; i++) {
            places.add(new Place(i + 1, devices.get(i).stream().map(Torch::name).collect(Collectors.joining(","))));
        }
        try {
            NodeFiles.makeFolder(run);
            for (Place place : places) {
                start(place, first.toString());
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Which devices each node gets: of several CUDA devices each its own ones. */
    private static List<List<Device>> assignDevices(List<Device> all, int count) {
        List<List<Device>> assigned = new ArrayList<>();
        for (int node = 0; node < count; node++) {
            List<Device> own = new ArrayList<>();
            for (int i = node % all.size(); i < all.size(); i += count) {
                own.add(all.get(i));
            }
            assigned.add(own);
        }
        return assigned;
    }

    /** How a run in so many processes is spread over this machine. */
    static MemoryNeed.Layout layout(Config config, int count) {
        WorkerSettings worker = WorkerSettings.from(config);
        List<Device> first = assignDevices(worker.found(), count).get(0);
        return MemoryNeed.Layout.of(
                config, count, worker.count(first, count), true, first.get(0).isGpu());
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UserException("127.0.0.1: no port is free (" + e.getMessage() + ")", e);
        }
    }

    private void start(Place place, String join) {
        boolean begins = join.equals(first.toString()) && place.index == 1;
        List<String> arguments = new ArrayList<>(List.of(
                "node",
                "--join",
                join,
                "--run",
                run.toString(),
                "--name",
                place.name,
                "--driven",
                "--devices",
                place.devices,
                "--workers",
                String.valueOf(workersEach),
                "--port",
                String.valueOf(begins ? first.port() : 0)));
        if (!place.http.isEmpty() && place.shortLives <= 1) { // else somebody may have taken its port
            arguments.add("--set");
            arguments.add("flm.http.port=" + place.http.substring(place.http.lastIndexOf(':') + 1));
        } else if (place.index > 1) {
            arguments.add("--set");
            arguments.add("flm.http.port=0"); // a given port can be had once
        }
        String torch = System.getProperty(TorchRoute.PROPERTY, "");
        if (!torch.isEmpty()) {
            arguments.addAll(List.of("--torch", torch));
        }
        try {
            Process process =
                    SelfProcess.command(arguments).redirectErrorStream(true).start();
            place.process = process;
            place.startedAt = nanoTime.getAsLong();
            place.endedAt = 0;
            converse(place, process);
            LOG.info("{}: process {}", place.name, process.pid());
        } catch (IOException e) {
            throw new UserException(place.name + ": no process can be started (" + e.getMessage() + ")", e);
        }
    }

    /** Tells a node its configuration; what it says to its user then, its user here hears. */
    private void converse(Place place, Process process) {
        String name = place.name;
        Thread thread = new Thread(
                () -> {
                    try {
                        StdinConfiguration.write(process.getOutputStream(), request.configuration());
                    } catch (IOException e) { // it has ended: what it said tells why
                        LOG.info("{}: does not take its configuration", name, e);
                    }
                    try (BufferedReader lines = new BufferedReader(
                            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                            String said = line.startsWith("flm: ") ? line.substring(5) : line;
                            place.lastLine = said;
                            LOG.info("{}: {}", name, said);
                            if (!closed) {
                                notes.accept(name + ": " + said);
                            }
                        }
                    } catch (IOException e) {
                        LOG.info("{}: no more output", name, e);
                    }
                },
                "output-" + name);
        thread.setDaemon(true);
        thread.start();
        place.output = thread;
    }

    /** Of a process that has ended, whose last words may still be on their way. */
    private static void awaitOutput(Place place) {
        Thread output = place.output;
        try {
            if (output != null) {
                output.join(LAST_WORDS_TIMEOUT.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The children that answer; files that others left in the folder, or put there, lead nowhere. */
    @Override
    public synchronized List<NodeAddress> targets() {
        List<NodeAddress> targets = new ArrayList<>();
        for (NodeFiles.Entry entry : NodeFiles.read(run)) {
            for (Place place : places) {
                if (place.process != null
                        && entry.pid() == place.process.pid()
                        && entry.name().equals(place.name)) {
                    place.http = entry.http();
                    targets.add(new NodeAddress(entry.http(), http.token(), http.certificate()));
                }
            }
        }
        return targets;
    }

    @Override
    public Duration startTimeout() {
        return START_TIMEOUT;
    }

    @Override
    public int expectedWorkers() {
        return Math.min(
                workersEach * places.size(),
                TrainSettings.from(request.config()).lanes());
    }

    @Override
    public int leastWorkers() {
        return 1;
    }

    @Override
    public synchronized void tend(boolean begun) {
        for (Place place : places) {
            Process process = place.process;
            if (process == null || process.isAlive() || closed) {
                continue;
            }
            long now = nanoTime.getAsLong();
            if (place.endedAt == 0) {
                place.endedAt = now;
                awaitOutput(place);
                targets(); // where it answered, if it did
                NodeFiles.remove(run, place.name);
                String how =
                        place.name + " (process " + process.pid() + ") ended with exit code " + process.exitValue();
                if (!begun && process.exitValue() <= MOST_EXIT_CODE) { // it has said why: another start ends likewise
                    throw new UserException(place.lastLine.isEmpty() ? how : place.name + ": " + place.lastLine);
                }
                boolean soon = now - place.startedAt < SHORT_LIFE.toNanos();
                place.shortLives = soon ? place.shortLives + 1 : 0;
                if (!begun && place.shortLives >= MOST_SHORT_LIVES) {
                    throw new UserException(how + ": it was killed " + place.shortLives
                            + " times before the first step; the kernel's log"
                            + " says whether memory ran out, and the logs in " + NodeFiles.folder(run)
                            + " what the node did");
                }
                notes.accept(how + "; it is started again in " + place.pause().toSeconds() + " s");
                requireUse(how);
            } else if (now - place.endedAt >= place.pause().toNanos()) {
                start(place, living(place));
            }
        }
    }

    private void requireUse(String last) {
        if (places.stream().allMatch(place -> place.endedAt != 0 && place.shortLives >= MOST_SHORT_LIVES)) {
            throw new UserException("no node is left: " + last + "; the logs in " + NodeFiles.folder(run)
                    + " say more; go on with " + Program.hint(request.resumption()));
        }
    }

    /** Where a replacement joins: the nodes that are up, else the place of the first. */
    private String living(Place without) {
        List<String> alive = new ArrayList<>();
        for (Place place : places) {
            Process process = place.process;
            if (place != without && process != null && process.isAlive()) {
                alive.add(place.name + " " + process.pid());
            }
        }
        String join = NodeFiles.read(run).stream()
                .filter(entry -> alive.contains(entry.name() + " " + entry.pid()))
                .map(NodeFiles.Entry::akka)
                .collect(Collectors.joining(","));
        return join.isEmpty() ? first.toString() : join;
    }

    @Override
    public void close() {
        end();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            LOG.debug("the process is ending already", e);
        }
    }

    /** Asks all, waits for them together, then kills those that are left: stopped ones, or busy ones. */
    private synchronized void end() {
        closed = true;
        long deadline = nanoTime.getAsLong() + LEAVE_TIMEOUT.toNanos();
        List<Process> left = new ArrayList<>();
        for (Place place : places) {
            Process process = place.process;
            if (process != null && process.isAlive()) {
                try {
                    process.getOutputStream()
                            .close(); // a node ends with its standard input; of signals it hears SIGKILL alone
                } catch (IOException e) {
                    LOG.debug("{}: has ended already", place.name, e);
                }
                left.add(process);
            }
        }
        try {
            for (Process process : left) {
                if (isStopped(process) || !process.waitFor(deadline - nanoTime.getAsLong(), TimeUnit.NANOSECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            }
        } catch (InterruptedException e) {
            left.forEach(Process::destroyForcibly);
            Thread.currentThread().interrupt();
        }
    }

    /** A stopped process hears no request. */
    private static boolean isStopped(Process process) {
        try {
            String stat = Files.readString(Path.of("/proc", String.valueOf(process.pid()), "stat"));
            return stat.substring(stat.lastIndexOf(')') + 1).strip().startsWith("T");
        } catch (IOException e) {
            return false; // not Linux: it is killed after the wait
        }
    }
}
