// Drives a steward service with OVHcloud's own Go client, as their Terraform provider does.
//
//	ovh api    PROJECT           what needs no cluster: identity, lists, errors in their form, both prefixes
//	ovh pools  PROJECT CLUSTER   a pool made, changed, read and deleted in a cluster that is READY
//	ovh calls  PROJECT           whatever standard input asks for, a JSON object in each line
//
// The address and the keys come from OVH_ENDPOINT, OVH_APPLICATION_KEY, OVH_APPLICATION_SECRET and OVH_CONSUMER_KEY.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ovh/go-ovh/ovh"
)

const patience = 5 * time.Minute

type pool struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Flavor       string `json:"flavor"`
	Status       string `json:"status"`
	DesiredNodes int    `json:"desiredNodes"`
	MaxNodes     int    `json:"maxNodes"`
}

type cluster struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
	URL    string `json:"url"`
}

type driver struct {
	client *ovh.Client
	base   string
}

func main() {
	client, err := ovh.NewDefaultClient()
	if err == nil && len(os.Args) < 3 {
		err = errors.New("usage: ovh api PROJECT | ovh pools PROJECT CLUSTER | ovh calls PROJECT")
	}
	if err == nil {
		held := driver{client: client, base: "/cloud/project/" + os.Args[2] + "/kube"}
		switch {
		case os.Args[1] == "api":
			err = held.api(os.Args[2])
		case os.Args[1] == "pools" && len(os.Args) == 4:
			err = held.pools(os.Args[3])
		case os.Args[1] == "calls":
			if err = calls(client); err == nil {
				return
			}
		default:
			err = errors.New("unknown way to be called")
		}
	}
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("all as it should be")
}

// api: nothing of it changes anything that stays.
func (d driver) api(project string) error {
	if _, err := d.client.Time(); err != nil {
		return fmt.Errorf("time: %w", err)
	}
	var details map[string]any
	if err := d.client.Get("/auth/details", &details); err != nil || details["account"] == nil {
		return fmt.Errorf("who we are: %v %w", details, err)
	}
	var projects []string
	if err := d.client.Get("/cloud/project", &projects); err != nil || !slices.Contains(projects, project) {
		return fmt.Errorf("our projects: %v %w", projects, err)
	}
	var ids []string
	for _, prefix := range []string{"", "/v1"} {
		if err := d.client.Get(prefix+d.base, &ids); err != nil {
			return fmt.Errorf("our clusters, by %q: %w", prefix, err)
		}
	}
	return d.refusals()
}

func (d driver) refusals() error {
	nowhere := map[string]any{"region": "NOWHERE", "name": "<a&b> grün"}
	other := "/cloud/project/" + strings.Repeat("0", 32) + "/kube"
	tries := []struct {
		code int
		err  error
	}{
		{400, d.client.Post(d.base, nowhere, nil)},
		{400, d.client.Post(d.base, map[string]any{}, nil)},
		{404, d.client.Get(other, nil)},
		{404, d.client.Get(d.base+"/00000000-0000-4000-8000-000000000000", nil)},
		{404, d.client.Put(d.base+"/00000000-0000-4000-8000-000000000000", map[string]any{"name": "a"}, nil)},
		{404, d.client.Delete(d.base+"/x", nil)},
		{404, d.client.Get("/no/such/route", nil)},
	}
	for number, each := range tries {
		var refused *ovh.APIError
		if !errors.As(each.err, &refused) {
			return fmt.Errorf("try %d was not refused as an API error: %w", number, each.err)
		}
		if refused.Code != each.code || refused.Message == "" || refused.Class == "" || refused.QueryID == "" {
			return fmt.Errorf("try %d should be %d with class, message and query: %+v", number, each.code, refused)
		}
	}
	stranger, err := ovh.NewClient(os.Getenv("OVH_ENDPOINT"), os.Getenv("OVH_APPLICATION_KEY"), "wrong", "wrong")
	if err != nil {
		return err
	}
	var refused *ovh.APIError
	if err := stranger.Get("/auth/details", nil); !errors.As(err, &refused) || refused.Code != 403 {
		return fmt.Errorf("a consumer key that nobody gave out: %w", err)
	}
	return nil
}

func (d driver) pools(id string) error {
	var found cluster
	if err := d.client.Get(d.base+"/"+id, &found); err != nil || found.ID != id || found.Status != "READY" {
		return fmt.Errorf("the cluster is not READY: %+v %w", found, err)
	}
	if err := d.client.Put(d.base+"/"+id, map[string]any{"name": found.Name}, nil); err != nil {
		return fmt.Errorf("its name again: %w", err)
	}
	var kubeconfig struct {
		Content string `json:"content"`
	}
	if err := d.client.Post(d.base+"/"+id+"/kubeconfig", nil, &kubeconfig); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	if !strings.Contains(kubeconfig.Content, "kind: Config") {
		return errors.New("the kubeconfig is none")
	}
	return d.pool(d.base + "/" + id + "/nodepool")
}

func (d driver) pool(path string) error {
	order := map[string]any{"name": "of-go", "flavorName": "d2-4", "desiredNodes": 0, "minNodes": 0, "maxNodes": 3}
	var made pool
	if err := d.client.Post(path, order, &made); err != nil || made.ID == "" {
		return fmt.Errorf("a pool: %+v %w", made, err)
	}
	if _, err := d.until(path+"/"+made.ID, "READY"); err != nil {
		return err
	}
	if err := d.client.Put(path+"/"+made.ID, map[string]any{"maxNodes": 2}, nil); err != nil {
		return fmt.Errorf("a change of the pool: %w", err)
	}
	changed, err := d.until(path+"/"+made.ID, "READY")
	if err != nil || changed.MaxNodes != 2 || changed.Name != "of-go" || changed.Flavor != "d2-4" {
		return fmt.Errorf("the changed pool: %+v %w", changed, err)
	}
	var all []pool
	if err := d.client.Get(path, &all); err != nil || !slices.ContainsFunc(all, func(each pool) bool { return each.ID == made.ID }) {
		return fmt.Errorf("the pool among its siblings: %+v %w", all, err)
	}
	if err := d.client.Delete(path+"/"+made.ID, nil); err != nil {
		return fmt.Errorf("deleting the pool: %w", err)
	}
	_, err = d.until(path+"/"+made.ID, "gone")
	return err
}

// until the pool has this status; `gone` when it is not found any more.
func (d driver) until(path, status string) (pool, error) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var found pool
		err := d.client.Get(path, &found)
		var refused *ovh.APIError
		switch {
		case errors.As(err, &refused) && refused.Code == 404 && status == "gone":
			return found, nil
		case err != nil:
			return found, fmt.Errorf("%s: %w", path, err)
		case found.Status == status:
			return found, nil
		}
	}
	return pool{}, fmt.Errorf("%s was not %s within %s", path, status, patience)
}
