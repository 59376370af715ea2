package io.flm.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.ProxyConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/**
 * The SDK's client of the JDK's connections, of which a server cannot cost more than was asked for: errors and lists, which the SDK reads
 * as a whole, have a bound, and no answer comes in drops for ever. Redirections are answers here.
 */
final class BoundedHttpClient implements SdkHttpClient {
    private static final int MOST_BYTES = 16 << 20; // of a list of a thousand keys, the longest answer
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
                long most = response.httpResponse().statusCode() == 206 ? Long.MAX_VALUE : MOST_BYTES;
                return HttpExecuteResponse.builder()
                        .response(response.httpResponse())
                        .responseBody(response.responseBody()
                                .map(body -> AbortableInputStream.create(new Bounded(body, most), body))
                                .orElse(null))
                        .build();
            }

            @Override
            public void abort() {
                prepared.abort();
            }
        };
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
