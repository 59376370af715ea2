package io.flm.data;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import software.amazon.awssdk.http.Abortable;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.urlconnection.ProxyConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/**
 * The SDK's client of the JDK's connections, of which a server cannot cost more than was asked for: errors and lists have a bound, and no
 * answer comes in drops for ever. These two are read here, as a whole: the SDK takes one that breaks off for an empty one. Redirections
 * are answers here.
 */
final class BoundedHttpClient implements SdkHttpClient {
    private static final int MOST_BYTES = 16 << 20; // of a list of a thousand keys, the longest answer
    private static final int MOST_OF_ERROR = 1 << 20; // read of an error: it says what it has to say in a few hundred
    private static final int LEAST_PROGRESS = 4096; // bytes in the time that a server may be silent
    private static final String KEPT_CONNECTIONS = "http.maxConnections";

    private final SdkHttpClient client;
    private final Duration timeout;

    BoundedHttpClient(Duration timeout, int connections) {
        if (System.getProperty(KEPT_CONNECTIONS) == null) {
            // As many as are used side by side: of the JDK's own 5 the others would be made anew for each request.
            System.setProperty(KEPT_CONNECTIONS, String.valueOf(connections));
        }
        this.timeout = timeout;
        this.client = UrlConnectionHttpClient.builder()
                .connectionTimeout(timeout)
                .socketTimeout(timeout)
                .proxyConfiguration(ProxyConfiguration.builder()
                        .useEnvironmentVariablesValues(false)
                        .build())
                .build();
    }

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        ExecutableHttpRequest prepared = client.prepareRequest(request);
        return new ExecutableHttpRequest() {
            @Override
            public HttpExecuteResponse call() throws IOException {
                HttpExecuteResponse response = prepared.call();
                AbortableInputStream body = response.responseBody().orElse(null);
                if (body == null) {
                    return response;
                }
                SdkHttpResponse answer = response.httpResponse();
                InputStream bounded = new Bounded(body, answer.statusCode() == 206 ? Long.MAX_VALUE : MOST_BYTES);
                return HttpExecuteResponse.builder()
                        .response(answer)
                        .responseBody(
                                answer.isSuccessful() && !isList(request)
                                        ? AbortableInputStream.create(bounded, body)
                                        : AbortableInputStream.create(read(bounded, answer, body)))
                        .build();
            }

            @Override
            public void abort() {
                prepared.abort();
            }
        };
    }

    private static boolean isList(HttpExecuteRequest request) {
        return request.httpRequest().rawQueryParameters().containsKey("list-type");
    }

    /** The bytes of a list or of an error, as many as the answer says. */
    private static InputStream read(InputStream body, SdkHttpResponse answer, Abortable connection) throws IOException {
        int most = answer.isSuccessful() ? Integer.MAX_VALUE : MOST_OF_ERROR;
        byte[] bytes = body.readNBytes(most);
        if (bytes.length == most) {
            connection.abort(); // what follows is read by nobody
            return new ByteArrayInputStream(bytes);
        }
        body.close();
        String said = answer.firstMatchingHeader("Content-Length").orElse("");
        if (said.matches("\\d{1,18}") && bytes.length < Long.parseLong(said)) {
            throw new EOFException("ends in the middle of its answer");
        }
        return new ByteArrayInputStream(bytes);
    }

    /** A body that ends in time. */
    private final class Bounded extends FilterInputStream {
        private final long most;
        private long count;
        private long seen; // at the last look at the clock
        private long looked = System.nanoTime();

        Bounded(InputStream body, long most) {
            super(body);
            this.most = most;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            int read = super.read(into, offset, length);
            count += Math.max(0, read);
            if (count > most) {
                throw new IOException("sends more than " + most + " bytes");
            }
            long now = System.nanoTime();
            if (read >= 0 && now - looked > timeout.toNanos()) {
                if (count - seen < LEAST_PROGRESS) {
                    throw new SocketTimeoutException("next to nothing");
                }
                looked = now;
                seen = count;
            }
            return read;
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
